package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/web"
	"github.com/progress-sync/progress-sync/test/lms/web/bundle"
)

// lms is the sample LMS in front of the sidecar.
type lms struct {
	server  *http.Server
	served  chan error
	address string
	// missing says why there is none.
	missing error
}

// startLMS serves the sample LMS. Where its pages can't be built, the sidecar is
// there all the same.
func (s *sandbox) startLMS(ctx context.Context) error {
	s.lms = &lms{}
	assets := cached("assets")
	if !s.lms.build(ctx, assets) {
		return nil
	}
	// Calls with curl name the learner in the body, so this sidecar's policy has
	// no user header, and the LMS sends it for nothing.
	handler, err := web.New(web.Options{Sidecar: &url.URL{Scheme: "http", Host: s.api}, Assets: os.DirFS(assets)})
	if err != nil {
		return err
	}
	const port = 8080
	s.lms.address = address(port)
	listener, err := net.Listen("tcp", s.lms.address)
	if err != nil {
		return err
	}
	const patience = 10 * time.Second
	s.lms.server = &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	s.lms.served = make(chan error, 1)
	go func() { s.lms.served <- s.lms.server.Serve(listener) }()
	return nil
}

func (l *lms) build(ctx context.Context, assets string) bool {
	l.missing = bundle.Build(ctx, assets)
	return l.missing == nil
}

func (l *lms) invitation() string {
	if l.missing != nil {
		return fmt.Sprintf("There is no sample LMS: %v", l.missing)
	}
	return "In a browser, log in as anybody and watch:\n\n  http://" + l.address
}

func (l *lms) close() error {
	if l.server == nil {
		return nil
	}
	err := l.server.Close()
	if ended := <-l.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("the sample LMS: %w", ended))
	}
	return err
}
