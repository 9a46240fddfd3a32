package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/bench/report"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

type options struct {
	sidecar        string
	against        []string
	connect        string
	connectConfigs string
	rounds         int
	each           time.Duration
	out            string
	only           []string
}

// suite is one run: a Postgres server, a folder for logs and spools, and what
// was found.
type suite struct {
	options
	dir         string
	server      *pgtest.Server
	grid        report.Grid
	findings    []report.Finding
	comparisons []report.Comparison
	pods        podsTables
	chart       []report.Series
}

// experiment measures one group of rows of the table.
type experiment struct {
	name string
	run  func(context.Context, *suite) error
}

func experiments() []experiment {
	return []experiment{
		{"acknowledge", acknowledge},
		{"completions", completions},
		{"latency", latency},
		{"heartbeat", heartbeat},
		{"payload", payload},
		{"flush", flushRate},
		{"catchup", catchUp},
		{"hot", hotUpdates},
		{"footprint", footprint},
		{"pods", pods},
	}
}

func experimentNames() []string {
	var names []string
	for _, e := range experiments() {
		names = append(names, e.name)
	}
	return names
}

func measure(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "progress-sync-bench-")
	if err != nil {
		return fmt.Errorf("making a folder for the run: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := pgtest.Start(ctx, pgtest.Options{Config: []string{
		"max_connections = 400",
		"track_commit_timestamp = on", // says when a completion was saved
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	s := &suite{options: o, dir: dir, server: server}
	for _, e := range experiments() {
		if !o.measures(e.name) {
			continue
		}
		start := time.Now()
		fmt.Fprintf(os.Stderr, "%s …\n", e.name)
		if err := e.run(ctx, s); err != nil {
			return fmt.Errorf("measuring %s: %w", e.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %s\n", e.name, time.Since(start).Round(time.Second))
	}
	fmt.Print(s.tables())
	if s.measures("pods") {
		fmt.Print("\n" + s.pods.page(s.machine()))
	}
	if o.out == "" {
		return nil
	}
	return s.write()
}

// measures reports whether an experiment is part of the run.
func (o options) measures(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

// write puts what was measured as a whole into the page: the part on pods is one
// experiment, that on one sidecar all others.
func (s *suite) write() error {
	page := filepath.Join(s.out, "benchmarks.md")
	if s.measures("pods") {
		if err := report.WritePart(page, "pods", s.pods.page(s.machine())); err != nil {
			return err
		}
	}
	if len(s.only) > 0 {
		return nil
	}
	if err := report.WritePart(page, "sidecar", sidecarPage(s)); err != nil {
		return err
	}
	chart := report.Chart("Acknowledged updates a second, 64 connections, single POST", s.chart)
	if err := os.WriteFile(filepath.Join(s.out, "benchmarks.svg"), []byte(chart), 0o644); err != nil {
		return fmt.Errorf("writing the chart: %w", err)
	}
	return nil
}

// database makes a fresh database and returns its URI.
func (s *suite) database(ctx context.Context, name string) (string, error) {
	if err := s.server.CreateDatabase(ctx, name, pgtest.Superuser); err != nil {
		return "", err
	}
	return s.server.URI(pgtest.Superuser, name), nil
}

// query reads one number.
func query(ctx context.Context, uri, sql string, arguments ...any) (float64, error) {
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return 0, fmt.Errorf("connecting to read figures: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var value float64
	if err := conn.QueryRow(ctx, sql, arguments...).Scan(&value); err != nil {
		return 0, fmt.Errorf("reading figures: %w", err)
	}
	return value, nil
}
