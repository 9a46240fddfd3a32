package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
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

// patient is the configuration of sidecars that write only what somebody asks for, so
// that what a page knows of another pod is not from the database.
const patient = `{
	"sync": {"interval": "1h", "flushOnComplete": false},
	"retry": {"initialDelay": "200ms", "maxDelay": "1s"},
	"ingest": {"userHeader": "` + gate.UserHeader + `"}
}`

// newPair makes a pod whose sidecar is by itself.
func newPair(dir, uri string, o options) (*pair, error) {
	return newPod(sidecar.Options{Program: o.sidecar, Dir: dir, URI: uri, Configuration: configuration, Grace: grace}, o)
}

// newPeer makes a pod whose sidecar knows those of the other peers.
func newPeer(dir, uri string, o options) (*pair, error) {
	free, err := port.Free()
	if err != nil {
		return nil, err
	}
	return newPod(sidecar.Options{
		Program: o.sidecar, Dir: dir, URI: uri, Configuration: patient, Grace: grace,
		Env: []string{config.PodIPVariable + "=127.0.0.1", config.PeersPortVariable + "=" + strconv.Itoa(free)},
	}, o)
}

const grace = 5 * time.Second

func newPod(of sidecar.Options, o options) (p *pair, err error) {
	p = &pair{}
	if p.sidecar, err = sidecar.New(of); err != nil {
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

// signal sends a signal to the sidecar, which has to run.
func (p *pair) signal(s syscall.Signal) error {
	process := p.sidecar.Process()
	if process == nil {
		return errors.New("the sidecar does not run")
	}
	return process.Signal(s)
}

func (p *pair) close() error {
	p.lms.Kill()
	err := p.gate.Close()
	p.sidecar.Close()
	return err
}
