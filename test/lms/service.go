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

	"github.com/progress-sync/progress-sync/test/lms/backend"
	"github.com/progress-sync/progress-sync/test/lms/web"
)

// service is what the LMS has for learners at one address. Without an address it is
// not there, and its methods do nothing.
type service struct {
	server   *http.Server
	listener net.Listener
	// failed has why it ended.
	failed  chan error
	serving sync.WaitGroup
}

// openSite opens the pages for people.
func openSite(env environment, transport http.RoundTripper) (*service, error) {
	if env.web == "" {
		return &service{}, nil
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
	return serve(env.web, handler)
}

// openBackend opens what simulated learners of other pods write to.
func openBackend(env environment, transport http.RoundTripper) (*service, error) {
	if env.appListen == "" {
		return &service{}, nil
	}
	sidecar, err := url.Parse(env.sidecarURL)
	if err != nil {
		return nil, fmt.Errorf("reading PROGRESS_SYNC_URL: %w", err)
	}
	return serve(env.appListen, backend.New(backend.Options{
		Sidecar: sidecar, UserHeader: env.userHeader, Pod: env.name, Transport: transport,
	}))
}

func serve(address string, handler http.Handler) (*service, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for learners: %w", err)
	}
	s := &service{
		server:   &http.Server{Handler: handler, ReadHeaderTimeout: requestTimeout},
		listener: listener, failed: make(chan error, 1),
	}
	s.serving.Go(func() {
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	})
	return s, nil
}

func (s *service) open() bool { return s.server != nil }

// close lets short requests end and cuts off the streams of events. Calling it
// again does nothing.
func (s *service) close() {
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
