package main

import (
	"context"
	"fmt"

	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

// completionRate is how many lessons a second are completed, each by an update
// of its own.
const completionRate = 500

// completions measures what completions cost the database, and how long they
// take until they are in it.
func completions(ctx context.Context, s *suite) error {
	sidecars, stop, err := s.startSidecars(ctx, "completions", defaults)
	defer stop()
	if err != nil {
		return err
	}
	transactions, lag := s.figures(""), s.figures("ms")
	shape := load.Shape{Path: "/v1/progress", Items: 1, Minimal: true, Set: load.WorkingSet{Learners: 10_000, Lessons: 10, Random: true, Completed: 1}}
	for _, c := range sidecars {
		if err := c.sync(ctx); err != nil {
			return err
		}
	}
	for round := range s.rounds {
		shape.Set.Seed = uint64(round)
		for i, c := range sidecars {
			since, err := query(ctx, c.uri, `SELECT extract(epoch FROM now())::float8`)
			if err != nil {
				return err
			}
			before, err := writes(ctx, c.uri)
			if err != nil {
				return err
			}
			sent, err := load.Paced(ctx, load.Pod(c.Address), shape, clientConnections, completionRate, s.each)
			if err != nil {
				return err
			}
			if sent.Refused > 0 {
				return fmt.Errorf("%d completions were refused", sent.Refused)
			}
			// The last completions may not be saved yet; they count too.
			if err := c.sync(ctx); err != nil {
				return err
			}
			after, err := writes(ctx, c.uri)
			if err != nil {
				return err
			}
			transactions.add(i, (after-before)/float64(sent.Accepted))
			// A lesson that was complete before has no haste.
			late, err := query(ctx, c.uri, `
				SELECT 1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at))
				FROM progress_sync.lesson_progress WHERE update_count = 1 AND received_at >= to_timestamp($1)`, since)
			if err != nil {
				return err
			}
			lag.add(i, late)
		}
	}
	s.found(fmt.Sprintf("transactions a completion, at %d completions/s", completionRate), report.AtMost(0.1, ""), transactions, nil)
	s.found(fmt.Sprintf("p99 from the acceptance of a completion until it is saved, at %d completions/s", completionRate), report.AtMost(150, "ms"), lag, nil)
	return nil
}

// writes counts the transactions of the server that wrote something. The counters
// of pg_stat_database come too late for a short run.
func writes(ctx context.Context, uri string) (float64, error) {
	return query(ctx, uri, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8`)
}
