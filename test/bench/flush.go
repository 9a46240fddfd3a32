package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

const (
	flushRows       = 20_000
	catchUpRows     = 1_000_000
	catchUpSize     = 5_000
	hotRows         = 6_000
	fillConnections = 16
	fillItems       = 100
)

// flushRate compares how fast pending records reach the database, with the
// hand-written upsert of as many rows in transactions of the same size.
func flushRate(ctx context.Context, s *suite) error {
	for _, size := range []int{10, 50, 500} {
		if err := s.compareFlush(ctx, fmt.Sprintf("flush%d", size), flushRows, size, size, s.rounds, report.AtLeast(0.9),
			fmt.Sprintf("flush of %d rows at batchSize %d, against a hand-written upsert of the same size", flushRows, size)); err != nil {
			return err
		}
	}
	return nil
}

// catchUp compares the way back from a long outage.
func catchUp(ctx context.Context, s *suite) error {
	return s.compareFlush(ctx, "catchup", catchUpRows, 1000, catchUpSize, 1, report.AtLeast(0.7),
		fmt.Sprintf("catch-up of %d pending keys, against a hand-written upsert of %d rows a transaction", catchUpRows, catchUpSize))
}

func (s *suite) compareFlush(ctx context.Context, name string, rows, ourSize, theirSize, rounds int, target report.Target, measured string) error {
	uri, err := s.database(ctx, name)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return fmt.Errorf("connecting the hand-written upsert: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := alternative.CreateTable(ctx, conn); err != nil {
		return err
	}
	sidecars, stop, err := s.startSidecars(ctx, name, settings{interval: 24 * time.Hour, batchSize: ourSize, maxPending: 2 * rows})
	defer stop()
	if err != nil {
		return err
	}
	for _, c := range sidecars {
		if err := c.sync(ctx); err != nil {
			return err
		}
	}
	mine := s.figures("rows/s")
	theirs := report.Series{Name: "hand-written", Unit: "rows/s"}
	for range rounds {
		for i, c := range sidecars {
			took, err := c.flush(ctx, rows)
			if err != nil {
				return err
			}
			mine.add(i, float64(rows)/took.Seconds())
		}
		took, err := alternative.Bulk(ctx, conn, rows, theirSize)
		if err != nil {
			return err
		}
		theirs.Rounds = append(theirs.Rounds, float64(rows)/took.Seconds())
	}
	s.found(measured, target, mine, &theirs)
	return nil
}

// flush fills the sidecar with rows and returns how long it took to save them.
func (c *product) flush(ctx context.Context, rows int) (time.Duration, error) {
	shape := load.Shape{Path: "/v1/progress", Items: fillItems, Set: load.WorkingSet{Learners: rows}, Minimal: true}
	if err := load.Fill(ctx, c.Address, shape, fillConnections); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := c.sync(ctx); err != nil {
		return 0, err
	}
	took := time.Since(start)
	count, err := query(ctx, c.uri, "SELECT count(*) FROM progress_sync.lesson_progress")
	if err != nil {
		return 0, err
	}
	if int(count) != rows {
		return 0, fmt.Errorf("the table has %v rows after a flush of %d", count, rows)
	}
	return took, nil
}

// hotUpdates measures the share of updated rows that stay on their page
// (heap-only tuples, PostgreSQL documentation, section 73.7).
func hotUpdates(ctx context.Context, s *suite) error {
	uri, err := s.database(ctx, "hot")
	if err != nil {
		return err
	}
	ours, err := s.startSidecar(ctx, s.builds()[0], "hot", uri, settings{interval: 24 * time.Hour, batchSize: 10, maxPending: 100_000})
	if err != nil {
		return err
	}
	defer ours.Kill()
	shape := load.Shape{Path: "/v1/progress", Items: fillItems, Set: load.WorkingSet{Learners: hotRows}, Minimal: true}
	share := report.Series{Name: "progress-sync", Unit: "%"}
	var updated, hot float64
	for round := range s.rounds + 1 {
		if err := errors.Join(load.Fill(ctx, ours.Address, shape, fillConnections), ours.sync(ctx)); err != nil {
			return err
		}
		// The first round inserts.
		counts, err := tuples(ctx, uri, updated+float64(min(round, 1)*hotRows))
		if err != nil {
			return err
		}
		if round > 0 {
			share.Rounds = append(share.Rounds, 100*(counts.hot-hot)/(counts.updated-updated))
		}
		updated, hot = counts.updated, counts.hot
	}
	s.found(strings.TrimSpace(fmt.Sprintf("updates that stay HOT in a flush of %d updated rows", hotRows)), report.Target{Bound: 95, Unit: "%"}, figures{share}, nil)
	return nil
}

// tupleCounts are updated rows since the table was made.
type tupleCounts struct{ updated, hot float64 }

// tuples waits until PostgreSQL's statistics know of so many updated rows.
func tuples(ctx context.Context, uri string, least float64) (c tupleCounts, err error) {
	err = wait.Every(ctx, statisticsDelay/20, 2*statisticsDelay, "the updates are counted", func(ctx context.Context) (err error) {
		c.updated, err = query(ctx, uri, "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'lesson_progress'")
		if err != nil {
			return wait.Permanent(err)
		}
		return wait.Unless(c.updated >= least, c.updated)
	})
	if err != nil {
		return c, err
	}
	c.hot, err = query(ctx, uri, "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'lesson_progress'")
	return c, err
}
