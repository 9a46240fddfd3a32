package main

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

const (
	// heartbeatLearners send one update each heartbeatGap.
	heartbeatLearners = 2000
	heartbeatGap      = 5 * time.Second
	clientConnections = 64
)

// latency compares how long a client waits for its answer, under the load of
// heartbeats and at half of what the sidecar can take.
func latency(ctx context.Context, s *suite) error {
	sidecars, stop, err := s.startSidecars(ctx, "latency", defaults)
	defer stop()
	if err != nil {
		return err
	}
	uri, err := s.database(ctx, "latency_direct")
	if err != nil {
		return err
	}
	direct, err := s.startAlternative(ctx, alternative.Direct, uri)
	if err != nil {
		return err
	}
	defer direct.Kill()

	set := load.WorkingSet{Learners: heartbeatLearners}
	ourShape := load.Shape{Path: "/v1/progress", Items: 1, Set: set, Minimal: true}
	directShape := load.Shape{Path: "/", Items: 1, Set: set}
	p50, p99, half := s.figures("ms"), s.figures("ms"), s.figures("ms")
	theirs := func() report.Series { return report.Series{Name: "an upsert per update", Unit: "ms"} }
	directP50, directP99, directFull := theirs(), theirs(), theirs()
	rate := float64(heartbeatLearners) / heartbeatGap.Seconds()
	for range s.rounds {
		for i, c := range sidecars {
			r, err := load.Paced(ctx, load.Pod(c.Address), ourShape, clientConnections, rate, s.each)
			if err != nil {
				return err
			}
			p50.add(i, milliseconds(r.Quantile(0.5)))
			p99.add(i, milliseconds(r.Quantile(0.99)))
			full, err := load.Closed(ctx, load.Pod(c.Address), ourShape, clientConnections, s.each)
			if err != nil {
				return err
			}
			if r, err = load.Paced(ctx, load.Pod(c.Address), ourShape, clientConnections, full.Rate()/2, s.each); err != nil {
				return err
			}
			half.add(i, milliseconds(r.Quantile(0.99)))
		}
		r, err := load.Paced(ctx, load.Pod(direct.Address), directShape, clientConnections, rate, s.each)
		if err != nil {
			return err
		}
		directP50.Rounds, directP99.Rounds = append(directP50.Rounds, milliseconds(r.Quantile(0.5))), append(directP99.Rounds, milliseconds(r.Quantile(0.99)))
		if r, err = load.Closed(ctx, load.Pod(direct.Address), directShape, clientConnections, s.each); err != nil {
			return err
		}
		directFull.Rounds = append(directFull.Rounds, milliseconds(r.Quantile(0.99)))
	}
	heartbeats := fmt.Sprintf("of an acknowledged POST, %d learners with a heartbeat each %s", heartbeatLearners, heartbeatGap)
	s.found("p50 "+heartbeats, report.AtMost(0.9, ""), p50, &directP50)
	s.found("p99 "+heartbeats, report.AtMost(1, ""), p99, &directP99)
	s.found("p99 at half of the sidecar's maximum load, against the direct writer's at its own maximum", report.AtMost(0.33, ""), half, &directFull)
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
