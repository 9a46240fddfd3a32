package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/project"
	"github.com/progress-sync/progress-sync/test/lms/web/bundle"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// options are what to run.
type options struct{ sidecar, lms, assets string }

const database = "campus"

// names of the pairs: two for learners with two devices, one for tests that end
// its sidecar, and one whose records are refused.
func names() []string { return []string{"a", "b", "c", "d"} }

// peers are the pods of one Service, whose sidecars hand on to each other.
func peers() []string { return []string{"e", "f", "g"} }

type stack struct {
	dir      string
	postgres *pgtest.Server
	pairs    map[string]*pair

	mu    sync.Mutex
	locks map[string]*pgx.Conn
}

// open starts everything. What it returns must be closed even after an error.
func open(ctx context.Context, o options) (*stack, error) {
	s := &stack{pairs: map[string]*pair{}, locks: map[string]*pgx.Conn{}}
	if err := build(ctx, &o); err != nil {
		return s, err
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "progress-sync-browser-"); err != nil {
		return s, fmt.Errorf("making a folder: %w", err)
	}
	if err := s.startPostgres(ctx); err != nil {
		return s, fmt.Errorf("starting Postgres: %w", err)
	}
	for _, name := range names() {
		if err := s.add(ctx, name, newPair, o); err != nil {
			return s, err
		}
	}
	for _, name := range peers() {
		if err := s.add(ctx, name, newPeer, o); err != nil {
			return s, err
		}
	}
	return s, nil
}

// add makes a pair and starts it.
func (s *stack) add(ctx context.Context, name string, of func(dir, uri string, o options) (*pair, error), o options) error {
	p, err := of(filepath.Join(s.dir, name), s.uri(), o)
	if err != nil {
		return fmt.Errorf("preparing pair %s: %w", name, err)
	}
	s.pairs[name] = p
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("starting pair %s: %w", name, err)
	}
	return nil
}

// build makes what is not given, from this source.
func build(ctx context.Context, o *options) error {
	for folder, path := range map[string]*string{"cmd/sidecar": &o.sidecar, "test/lms": &o.lms} {
		if *path != "" {
			continue
		}
		var err error
		if *path, err = program.Build(ctx, folder); err != nil {
			return err
		}
	}
	if o.assets != "" {
		return nil
	}
	cache, err := project.Cache()
	if err != nil {
		return err
	}
	o.assets = filepath.Join(cache, "browser", "assets")
	return bundle.Build(ctx, o.assets)
}

func (s *stack) startPostgres(ctx context.Context) (err error) {
	if s.postgres, err = pgtest.Start(ctx, pgtest.Options{Config: pgtest.Relaxed()}); err != nil {
		return err
	}
	return s.postgres.CreateDatabase(ctx, database, pgtest.Superuser)
}

func (s *stack) uri() string { return s.postgres.URI(pgtest.Superuser, database) }

// addresses is the line that tells a test where everything is.
func (s *stack) addresses(control string) any {
	type pairAddresses struct {
		Web     string `json:"web"`
		Sidecar string `json:"sidecar"`
		Status  string `json:"status"`
	}
	all := struct {
		Dir      string                   `json:"dir"`
		Control  string                   `json:"control"`
		Database string                   `json:"database"`
		Pairs    map[string]pairAddresses `json:"pairs"`
	}{s.dir, control, s.uri(), map[string]pairAddresses{}}
	for name, p := range s.pairs {
		all.Pairs[name] = pairAddresses{"http://" + p.web, p.sidecar.URL(""), p.sidecar.StatusURL("")}
	}
	return all
}

// close ends everything and removes the folder.
func (s *stack) close() error {
	var failures []error
	for _, p := range s.pairs {
		failures = append(failures, p.close())
	}
	if s.postgres != nil {
		failures = append(failures, s.postgres.Close())
	}
	if s.dir != "" {
		failures = append(failures, os.RemoveAll(s.dir))
	}
	return errors.Join(failures...)
}
