package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// options of all runs.
type options struct {
	sidecar, pgbench string
	interval         time.Duration
	learners         int
	completed        float64 // share of the updates that complete their lesson
	lms              float64 // transactions a second
	quota            float64 // of one processor, while the server is throttled
	target           time.Duration
	settle, calm     time.Duration
	throttled, after time.Duration
	verbose          bool
}

func (o options) length() time.Duration { return o.settle + o.calm + o.throttled + o.after }

// phase is what happened in one of the times of a run.
type phase struct {
	p99  time.Duration // of the LMS's transactions
	rows float64       // a second that the sidecar wrote
	lag  time.Duration // mean, from a record's first update to its save
	cpu  float64       // of one processor that the server used
}

// result of one run.
type result struct {
	calm, throttled, after phase
	// later is the second half of the throttle.
	later phase
	// back is when the factor was again at most what it was before, from the end of
	// the throttle; negative for never.
	back time.Duration
	// reversals while it was calm.
	reversals int64
	// highest factor.
	highest float64
}

// run measures one way to write on a fresh server.
func run(ctx context.Context, o options, mode string) (r result, err error) {
	dir, err := os.MkdirTemp("", "progress-sync-adaptive-")
	if err != nil {
		return r, fmt.Errorf("making a folder for the run: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the server's account passes through
		return r, err
	}
	server, err := pgtest.Start(ctx, pgtest.Options{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		return r, err
	}
	t, err := throttleOf(filepath.Join(dir, "postgres"))
	if err != nil {
		return r, errors.Join(err, server.Close())
	}
	defer func() { err = errors.Join(err, server.Close(), t.close()) }()
	app := lms{o.pgbench, server.URI(pgtest.Superuser, "postgres"), dir, o.lms}
	if err := app.fill(ctx); err != nil {
		return r, err
	}
	s, err := start(ctx, o, mode, dir, app.uri)
	if err != nil {
		return r, err
	}
	defer s.Kill()
	return drive(ctx, o, s, t, app)
}

// throttleOf throttles the server of a folder.
func throttleOf(dir string) (*throttle, error) {
	content, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return nil, fmt.Errorf("looking for the server's process: %w", err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return nil, fmt.Errorf("looking for the server's process: %w", err)
	}
	return newThrottle(pid)
}

func start(ctx context.Context, o options, mode, dir, uri string) (*sidecar.Sidecar, error) {
	configuration, err := json.Marshal(map[string]any{
		"sync": map[string]any{
			"interval": o.interval.String(),
			"adaptive": map[string]any{"mode": mode, "targetLatency": o.target.String()},
		},
		"buffer": map[string]any{"maxPendingRecords": 4 * o.learners, "durability": "Async"},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the sidecar's configuration: %w", err)
	}
	s, err := sidecar.New(sidecar.Options{Program: o.sidecar, Dir: filepath.Join(dir, "sidecar"), URI: uri, Configuration: string(configuration)})
	if err != nil {
		return nil, err
	}
	return s, s.Start(ctx)
}

// drive lets the times of a run pass.
func drive(ctx context.Context, o options, s *sidecar.Sidecar, t *throttle, app lms) (r result, err error) {
	began := time.Now()
	edges := []time.Time{began.Add(o.settle), began.Add(o.settle + o.calm), began.Add(o.settle + o.calm + o.throttled), began.Add(o.length())}
	group, ctx := errgroup.WithContext(ctx)
	var all []answered
	group.Go(func() (err error) {
		all, err = app.drive(ctx, o.length())
		return err
	})
	group.Go(func() error {
		// Each learner sends twice an interval, at random.
		perSecond := 2 * float64(o.learners) / o.interval.Seconds()
		const items = 50
		shape := load.Shape{Path: "/v1/progress", Items: items, Set: load.WorkingSet{Learners: o.learners, Random: true, Completed: o.completed}, Minimal: true}
		_, err := load.Paced(ctx, load.Pod(s.API()), shape, 4, perSecond/items, o.length())
		return err
	})
	var samples []sample
	group.Go(func() (err error) {
		samples, err = watch(ctx, o, s, t, edges)
		return err
	})
	if err := group.Wait(); err != nil {
		return r, err
	}
	r.calm = between(samples, all, edges[0], edges[1])
	r.throttled = between(samples, all, edges[1], edges[2])
	r.later = between(samples, all, edges[1].Add(o.throttled/2), edges[2])
	r.after = between(samples, all, edges[2], edges[3])
	r.adaptive(samples, edges)
	return r, nil
}

// sample is what there is to tell at a moment.
type sample struct {
	at               time.Time
	rows, cpu        float64
	lagSum, lagCount float64
	adaptive         status.Adaptive
}

// watch takes samples, and throttles the server for its time.
func watch(ctx context.Context, o options, s *sidecar.Sidecar, t *throttle, edges []time.Time) (samples []sample, err error) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	share := 0.0
	for {
		select {
		case <-ctx.Done():
			return samples, ctx.Err()
		case <-tick.C:
		}
		now := time.Now()
		if now.After(edges[len(edges)-1]) {
			return samples, nil
		}
		want := 0.0
		if now.After(edges[1]) && now.Before(edges[2]) {
			want = o.quota
		}
		if want != share {
			if err := t.allow(want); err != nil {
				return samples, err
			}
			share = want
		}
		next, err := take(ctx, s, t)
		if err != nil {
			return samples, err
		}
		samples = append(samples, next)
		if o.verbose {
			fmt.Fprintf(os.Stderr, "%6.1fs rows %8.0f cpu %6.2f factor %.2f p90 %.1fms\n",
				now.Sub(edges[0]).Seconds(), next.rows, next.cpu, next.adaptive.Factor, next.adaptive.LatencySeconds*1000)
		}
	}
}

func take(ctx context.Context, s *sidecar.Sidecar, t *throttle) (n sample, err error) {
	var document status.Document
	if err := s.Document(ctx, &document); err != nil {
		return n, err
	}
	n.at, n.rows = time.Now(), float64(document.Counters.RowsWritten)
	n.adaptive.Factor = 1
	if document.Adaptive != nil {
		n.adaptive = *document.Adaptive
	}
	if n.cpu, err = t.used(); err != nil {
		return n, err
	}
	_, metrics, err := s.Get(ctx, "/metrics")
	if err != nil {
		return n, err
	}
	n.lagSum, n.lagCount = metric(metrics, "progress_sync_save_lag_seconds_sum"), metric(metrics, "progress_sync_save_lag_seconds_count")
	return n, nil
}

// metric is the value of a series without labels, 0 if it is not there.
func metric(page, name string) float64 {
	for line := range strings.Lines(page) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			number, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return number
		}
	}
	return 0
}

func between(samples []sample, all []answered, from, until time.Time) phase {
	p := phase{p99: p99(all, from, until)}
	first, last := at(samples, from), at(samples, until)
	if d := last.at.Sub(first.at).Seconds(); d > 0 {
		p.rows, p.cpu = (last.rows-first.rows)/d, (last.cpu-first.cpu)/d
	}
	if n := last.lagCount - first.lagCount; n > 0 {
		p.lag = time.Duration((last.lagSum - first.lagSum) / n * float64(time.Second))
	}
	return p
}

// at is the last sample before a moment.
func at(samples []sample, moment time.Time) sample {
	found := samples[0]
	for _, s := range samples {
		if s.at.Before(moment) {
			found = s
		}
	}
	return found
}

// adaptive finds how the factor moved.
func (r *result) adaptive(samples []sample, edges []time.Time) {
	rest := at(samples, edges[1]).adaptive.Factor
	r.reversals = at(samples, edges[1]).adaptive.Reversals - at(samples, edges[0]).adaptive.Reversals
	r.back = -1
	for _, s := range samples {
		r.highest = max(r.highest, s.adaptive.Factor)
		if r.back < 0 && s.at.After(edges[2]) && s.adaptive.Factor <= rest {
			r.back = s.at.Sub(edges[2])
		}
	}
}
