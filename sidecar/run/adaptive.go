package run

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/adaptive"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// stretching measures what writes take, and stretches all intervals by what that
// tells where the configuration says so.
type stretching struct {
	now     func() time.Time
	stretch func(factor float64)

	mu         sync.Mutex
	mode       config.AdaptiveMode
	policy     adaptive.Policy
	batchSize  int
	hurry      bool
	controller *adaptive.Controller // nil while the mode is Off
	factor     float64              // the one in use
}

// newStretching makes one that does nothing until it is configured. stretch is called
// with each other factor that is used; it must not call back.
func newStretching(now func() time.Time, stretch func(factor float64)) *stretching {
	return &stretching{now: now, stretch: stretch, mode: config.AdaptiveOff, factor: 1}
}

// configure follows a configuration, and with hurry stretches nothing any more.
func (s *stretching) configure(c config.Config, hurry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.batchSize, s.hurry = c.Sync.Adaptive.Mode, max(c.Sync.BatchSize, 1), hurry
	policy := adaptive.PolicyOf(c.Sync.Adaptive, c.Sync.Interval.D())
	switch {
	case s.mode != config.AdaptiveObserve && s.mode != config.AdaptiveOn:
		s.controller = nil
	case s.controller == nil:
		s.controller = adaptive.New(policy, s.now(), rand.Float64)
	case policy != s.policy:
		s.controller.SetPolicy(policy)
	}
	s.policy = policy
	s.use()
}

// use puts the factor into use; s.mu is locked.
func (s *stretching) use() {
	factor := 1.0
	if s.mode == config.AdaptiveOn && !s.hurry {
		factor = s.controller.Factor()
	}
	if factor != s.factor {
		s.factor = factor
		s.stretch(factor)
	}
}

// status is nil while the mode is Off.
func (s *stretching) status() *status.Adaptive {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.controller == nil {
		return nil
	}
	return &status.Adaptive{
		Mode: string(s.mode), Factor: s.controller.Factor(),
		LatencySeconds: s.controller.Latency().Seconds(), Reversals: s.controller.Reversals(),
	}
}

// wrote takes a round of batches that ended.
func (s *stretching) wrote(batches []progress.Batch, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.controller == nil {
		return
	}
	var failure *postgres.Failure
	if err != nil {
		f := postgres.Classify(err)
		failure = &f
	}
	s.controller.Wrote(s.now(), time.Duration(float64(took)/s.writes(batches)), failure)
	s.use()
}

// writes is how many writes of the configured size a round stands for, so that rounds
// of all sizes compare: a backlog is written in large ones, which take longer.
func (s *stretching) writes(batches []progress.Batch) float64 {
	n := 0.0
	for _, b := range batches {
		n += max(1, float64(len(b.Records))/float64(s.batchSize))
	}
	return max(n, 1)
}

// database measures the rounds that are written to a database.
func (s *stretching) database(db flush.Database) flush.Database { return &stretchingDatabase{db, s} }

type stretchingDatabase struct {
	flush.Database
	stretching *stretching
}

// ApplyRound implements flush.Database. A round that a shutdown cut short tells nothing.
func (d *stretchingDatabase) ApplyRound(
	ctx context.Context, writer, owner string, prev uint64, batches []progress.Batch,
) ([]postgres.Result, error) {
	began := d.stretching.now()
	results, err := d.Database.ApplyRound(ctx, writer, owner, prev, batches)
	if err == nil || ctx.Err() == nil {
		d.stretching.wrote(batches, d.stretching.now().Sub(began), err)
	}
	return results, err //nolint:wrapcheck // flush says what was being done
}
