package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/project"
	"github.com/progress-sync/progress-sync/test/lms/web"
	"github.com/progress-sync/progress-sync/test/lms/web/bundle"
	"github.com/progress-sync/progress-sync/test/lms/web/trouble"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
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
	cache, err := project.Cache()
	if err != nil {
		return err
	}
	assets := filepath.Join(cache, "try", "assets")
	if !s.lms.build(ctx, assets) {
		return nil
	}
	handler, err := web.New(web.Options{
		Sidecar: &url.URL{Scheme: "http", Host: s.sidecar.API()}, UserHeader: userHeader,
		Assets: os.DirFS(assets), Trouble: trouble.New(s.turnDatabase),
	})
	if err != nil {
		return err
	}
	const known = 8080
	if s.lms.address, err = usual(known); err != nil {
		return err
	}
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

// turnDatabase is the outage that the LMS's pages have a switch for.
func (s *sandbox) turnDatabase(ctx context.Context, up bool) error {
	if up {
		return s.postgres.StartAgain(ctx)
	}
	return s.postgres.Stop(pgtest.Fast)
}

func (l *lms) build(ctx context.Context, assets string) bool {
	l.missing = bundle.Build(ctx, assets)
	return l.missing == nil
}

func (l *lms) invitation() string {
	if l.missing != nil {
		return fmt.Sprintf("There is no sample LMS: %v", l.missing)
	}
	return "In a browser, sign in as anybody and watch; what can go wrong has switches at the foot of each page:\n\n  http://" + l.address
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
