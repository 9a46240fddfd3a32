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
	// acceleration of the heartbeat workload: with 10, the interval of three
	// minutes takes 18 seconds and a heartbeat comes each half second.
	acceleration = 10
	windows      = 3
)

// databaseWork is what a workload made Postgres do. wal is of the whole server;
// enrolled are statements by which sidecars enroll in the registry.
type databaseWork struct{ rows, transactions, wal, enrolled float64 }

// heartbeat compares the database's work for the same heartbeats. How builds
// differ in it is seen from other experiments, so that one takes part.
func heartbeat(ctx context.Context, s *suite) error {
	interval := 3 * time.Minute / acceleration
	lasting := windows * interval
	rate := float64(heartbeatLearners) / heartbeatGap.Seconds() * acceleration

	uri, err := s.database(ctx, "heartbeat")
	if err != nil {
		return err
	}
	ours, err := s.startSidecar(ctx, s.builds()[0], "heartbeat", uri, settings{interval: interval, batchSize: 10, maxPending: 100_000})
	if err != nil {
		return err
	}
	defer ours.Kill()
	if err := ours.sync(ctx); err != nil {
		return err
	}
	shape := load.Shape{Path: "/v1/progress", Items: 1, Set: load.WorkingSet{Learners: heartbeatLearners}, Minimal: true}
	saved, err := workOf(ctx, uri, func() error {
		if err := paced(ctx, ours.Address, shape, rate, lasting); err != nil {
			return err
		}
		return ours.sync(ctx)
	})
	if err != nil {
		return err
	}
	direct, err := s.startAlternative(ctx, alternative.Direct, uri)
	if err != nil {
		return err
	}
	defer direct.Kill()
	shape.Path, shape.Minimal = "/", false
	written, err := workOf(ctx, uri, func() error {
		return paced(ctx, direct.Address, shape, rate, lasting)
	})
	if err != nil {
		return err
	}

	name := fmt.Sprintf(" for %d learners, a heartbeat each %s, interval 3m (%d times faster, %d windows)", heartbeatLearners, heartbeatGap, acceleration, windows)
	reduction := func(measured string, least, ours, theirs float64) {
		s.found(measured+name+", reduction", report.Target{Bound: least, Unit: "%"},
			figures{{Name: "progress-sync", Unit: "%", Rounds: []float64{100 * (1 - ours/theirs)}}}, nil)
	}
	reduction("rows written", 97, saved.rows, written.rows)
	reduction("transactions", 99.5, saved.transactions, written.transactions)
	reduction("WAL bytes", 95, saved.wal, written.wal)
	return nil
}

func paced(ctx context.Context, address string, shape load.Shape, rate float64, lasting time.Duration) error {
	result, err := load.Paced(ctx, load.Pod(address), shape, clientConnections, rate, lasting)
	if err == nil && result.Refused > 0 {
		err = fmt.Errorf("%d updates were refused", result.Refused)
	}
	return err
}

// workOf is what some work made a database do.
func workOf(ctx context.Context, uri string, work func() error) (databaseWork, error) {
	time.Sleep(statisticsDelay)
	before, err := counters(ctx, uri)
	if err != nil {
		return databaseWork{}, err
	}
	if err := work(); err != nil {
		return databaseWork{}, err
	}
	time.Sleep(statisticsDelay)
	after, err := counters(ctx, uri)
	return databaseWork{
		after.rows - before.rows, after.transactions - before.transactions, after.wal - before.wal, after.enrolled - before.enrolled,
	}, err
}

// statisticsDelay is longer than an idle backend of PostgreSQL may hold back what
// it counted (PGSTAT_IDLE_INTERVAL, 10 s).
const statisticsDelay = 11 * time.Second

// counters are what the server has counted of a database, which may be late.
func counters(ctx context.Context, uri string) (w databaseWork, err error) {
	for sql, value := range map[string]*float64{
		`SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0) FROM pg_stat_user_tables WHERE relname IN ('lesson_progress', 'progress')`: &w.rows,
		`SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()`:                                              &w.transactions,
		`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn`:                                                                              &w.wal,
		// Each writes the row of its own sidecar.
		`SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0) FROM pg_stat_user_tables WHERE relname = 'sidecars'`: &w.enrolled,
	} {
		v, err := query(ctx, uri, sql)
		if err != nil {
			return w, err
		}
		*value = v
	}
	return w, nil
}
