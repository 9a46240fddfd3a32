package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/progress-sync/progress-sync/test/browser/stack/gate"
	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

// pair is a pod: an LMS and its sidecar.
type pair struct {
	sidecar *sidecar.Sidecar
	lms     *program.Service
	gate    *gate.Gate
	// web is the address of the LMS's pages.
	web string
}

// configuration writes soon and forgives soon: what the tests wait for are
// conditions, and these come about within seconds.
const configuration = `{
	"sync": {"interval": "1s"},
	"retry": {"initialDelay": "200ms", "maxDelay": "1s"},
	"ingest": {"userHeader": "` + gate.UserHeader + `"}
}`

func newPair(dir, uri string, o options) (p *pair, err error) {
	p = &pair{}
	p.sidecar, err = sidecar.New(sidecar.Options{
		Program: o.sidecar, Dir: dir, URI: uri, Configuration: configuration, Grace: 5 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	if p.web, err = port.FreeAddress(); err != nil {
		return nil, err
	}
	control, err := port.FreeAddress()
	if err != nil {
		return nil, err
	}
	if p.gate, err = gate.Open(p.sidecar.API()); err != nil {
		return nil, err
	}
	p.lms = &program.Service{
		Log:   p.sidecar.File("lms.log"),
		Ready: program.Answers("http://"+p.web+"/login", http.StatusOK),
		Command: func() *exec.Cmd {
			command := exec.Command(o.lms, "-web", p.web, "-assets", o.assets)
			command.Env = append(os.Environ(), "PROGRESS_SYNC_URL=http://"+p.gate.Address(), "LISTEN="+control, "TRUTH_URL=")
			return command
		},
	}
	return p, nil
}

func (p *pair) start(ctx context.Context) error {
	if err := p.sidecar.Start(ctx); err != nil {
		return err
	}
	return p.lms.Start(ctx)
}

func (p *pair) close() error {
	p.lms.Kill()
	err := p.gate.Close()
	p.sidecar.Close()
	return err
}
