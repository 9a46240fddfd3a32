package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

const (
	podsLearners = 300
	podsClients  = 16
	// podsAcceleration makes an interval 30 seconds. Faster, the fleets would keep two
	// cores too busy together.
	podsAcceleration = 6
	// podsReduction is the least share of writes that are saved, in percent.
	podsReduction = 97
	podsInterval  = 3 * time.Minute / podsAcceleration
	podsLasting   = windows * podsInterval
)

// podsWay is how learners' requests reach the pods, and what those do with them.
type podsWay struct {
	name   string
	mode   config.PeersMode
	sticky bool
	target report.Target
}

var podsWays = []podsWay{
	{"to any pod", config.PeersAuto, false, report.Target{Bound: podsReduction, Unit: "%"}},
	{"to any pod, `mode: Off`", config.PeersOff, false, report.Target{}},
	{"to the learner's own pod, `mode: Off`", config.PeersOff, true, report.Target{}},
}

// podsRows compares what heartbeats make the database do, by how many pods there are
// and where a learner's requests go.
func podsRows(ctx context.Context, s *suite) error {
	sizes := []int{1, 4, 16}
	work := make([][]podsWork, len(sizes))
	group, ctx := errgroup.WithContext(ctx)
	for i, size := range sizes {
		work[i] = make([]podsWork, len(podsWays))
		for j, way := range podsWays {
			group.Go(func() error {
				w, err := s.podsWork(ctx, size, way, fmt.Sprintf("pods%d_%d", size, j))
				if err != nil {
					return fmt.Errorf("%d sidecars, %s: %w", size, way.name, err)
				}
				work[i][j] = w
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.pods.rows = podsGrid(sizes, work)
	for _, ways := range work {
		for _, w := range ways {
			s.pods.slowest = max(s.pods.slowest, w.took)
		}
	}
	return nil
}

// podsGrid is the table of work by size and way.
func podsGrid(sizes []int, work [][]podsWork) (grid report.Grid) {
	for _, way := range podsWays {
		grid.Cases = append(grid.Cases, way.name)
	}
	line := func(setting, unit string, size int, of func(podsWork) float64, target func(podsWay) report.Target) {
		l := report.Line{Setting: setting}
		for j, way := range podsWays {
			l.Findings = append(l.Findings, report.Finding{
				Ours: report.Series{Unit: unit, Rounds: []float64{of(work[size][j])}}, Target: target(way),
			})
		}
		grid.Lines = append(grid.Lines, l)
	}
	none := func(podsWay) report.Target { return report.Target{} }
	for i, size := range sizes {
		name := fmt.Sprintf("%d sidecars, ", size)
		if size == 1 {
			name = "1 sidecar, "
		}
		line(fmt.Sprintf("%srows written for %d updates", name, work[i][0].updates), "", i, func(w podsWork) float64 { return w.rows }, none)
		line(name+"reduction", "%", i, func(w podsWork) float64 { return 100 * (1 - w.rows/float64(w.updates)) },
			func(way podsWay) report.Target { return way.target })
		line(name+"transactions", "", i, func(w podsWork) float64 { return w.transactions }, none)
		line(name+"of them at the registry", "", i, func(w podsWork) float64 { return w.enrolled }, none)
	}
	return grid
}

// podsWork is what a fleet made its database do.
type podsWork struct {
	databaseWork
	updates int64
	took    time.Duration // the load
}

// podsWork runs one fleet. All updates are in its database then, or that is an error.
func (s *suite) podsWork(ctx context.Context, size int, way podsWay, name string) (w podsWork, err error) {
	f, stop, err := s.startFleet(ctx, s.builds()[0], name, size, settings{interval: podsInterval, batchSize: 10, maxPending: 100_000, peers: way.mode})
	defer stop()
	if err != nil {
		return w, err
	}
	service := load.AnyPod(f.addresses())
	if way.sticky {
		service = load.PodOf(f.addresses(), func(learner int) int { return learner % size })
	}
	shape := load.Shape{Path: "/v1/progress", Items: 1, Set: load.WorkingSet{Learners: podsLearners}, Minimal: true}
	rate := podsLearners / heartbeatGap.Seconds() * podsAcceleration
	w.databaseWork, err = workOf(ctx, f.uri, func() error {
		r, err := load.Paced(ctx, service, shape, podsClients, rate, podsLasting)
		if err == nil && r.Refused > 0 {
			err = fmt.Errorf("%d updates were refused", r.Refused)
		}
		if err != nil {
			return err
		}
		w.updates, w.took = r.Accepted, r.Elapsed
		return f.save(ctx)
	})
	if err != nil {
		return w, err
	}
	saved, err := query(ctx, f.uri, "SELECT coalesce(sum(update_count), 0) FROM progress_sync.lesson_progress")
	if err == nil && int64(saved) != w.updates {
		err = fmt.Errorf("%v updates are saved of %d that were accepted", saved, w.updates)
	}
	return w, err
}
