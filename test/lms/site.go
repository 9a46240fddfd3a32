package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/web"
)

// site is the LMS for people. Without an address it is not there, and its
// methods do nothing.
type site struct {
	server   *http.Server
	listener net.Listener
	// failed has why it ended.
	failed  chan error
	serving sync.WaitGroup
}

func openSite(env environment, transport http.RoundTripper) (*site, error) {
	s := &site{failed: make(chan error, 1)}
	if env.web == "" {
		return s, nil
	}
	sidecar, err := url.Parse(env.sidecarURL)
	if err != nil {
		return nil, fmt.Errorf("reading PROGRESS_SYNC_URL: %w", err)
	}
	handler, err := web.New(web.Options{
		Sidecar: sidecar, UserHeader: env.userHeader, Assets: os.DirFS(env.assets),
		SessionKey: []byte(env.sessionKey), Interval: env.interval, Transport: transport,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the LMS for learners: %w", err)
	}
	if s.listener, err = net.Listen("tcp", env.web); err != nil {
		return nil, fmt.Errorf("listening for learners: %w", err)
	}
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: requestTimeout}
	s.serving.Go(func() {
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	})
	return s, nil
}

func (s *site) open() bool { return s.server != nil }

// close lets short requests end and cuts off the streams of events. Calling it
// again does nothing.
func (s *site) close() {
	if s.server == nil {
		return
	}
	const patience = time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close() // a stream of events never ends by itself
	}
	s.serving.Wait()
}
