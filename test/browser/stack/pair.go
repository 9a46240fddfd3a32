package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/progress-sync/progress-sync/test/browser/stack/gate"
)

// pair is a pod: an LMS and its sidecar.
type pair struct {
	sidecar, lms *program
	gate         *gate.Gate
	// Addresses of the sidecar's two ports and of the LMS's pages.
	api, status, web string
}

// configuration writes soon and forgives soon: what the tests wait for are
// conditions, and these come about within seconds.
const configuration = `{
	"sync": {"interval": "1s"},
	"retry": {"initialDelay": "200ms", "maxDelay": "1s"},
	"ingest": {"userHeader": "` + gate.UserHeader + `"}
}`

func newPair(ctx context.Context, dir, uri string, o options, free *ports) (*pair, error) {
	p := &pair{}
	var control string
	for _, address := range []*string{&p.api, &p.status, &p.web, &control} {
		var err error
		if *address, err = free.address(ctx); err != nil {
			return nil, err
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	err := errors.Join(
		os.WriteFile(file("config.json"), []byte(configuration), 0o600),
		os.WriteFile(file("uri"), []byte(uri), 0o600))
	if err != nil {
		return nil, fmt.Errorf("writing the sidecar's files: %w", err)
	}
	if p.gate, err = gate.Open(p.api); err != nil {
		return nil, err
	}
	p.sidecar = &program{
		path: o.sidecar, dir: dir, logFile: file("sidecar.log"), alive: "http://" + p.status + "/healthz",
		arguments: []string{
			"run", "--config=" + file("config.json"), "--database-uri-file=" + file("uri"),
			"--spool=" + file("spool"), "--listen=" + p.api, "--status-listen=" + p.status,
			"--termination-log=" + file("termination-log"), "--grace-period=5s",
		},
	}
	p.lms = &program{
		path: o.lms, dir: dir, logFile: file("lms.log"), alive: "http://" + p.web + "/login",
		arguments: []string{"-web", p.web, "-assets", o.assets},
		env:       []string{"PROGRESS_SYNC_URL=http://" + p.gate.Address(), "LISTEN=" + control, "TRUTH_URL="},
	}
	return p, nil
}

func (p *pair) start(ctx context.Context) error {
	if err := p.sidecar.start(ctx); err != nil {
		return err
	}
	return p.lms.start(ctx)
}

func (p *pair) close() error {
	return errors.Join(p.lms.end(syscall.SIGKILL), p.gate.Close(), p.sidecar.end(syscall.SIGKILL))
}
