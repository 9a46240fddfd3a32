package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// paced is a database whose rounds take as long as it says, by the same clock.
type paced struct {
	flush.Database
	now  time.Time
	took time.Duration
	err  error
}

func (p *paced) ApplyRound(context.Context, string, string, uint64, []progress.Batch) ([]postgres.Result, error) {
	p.now = p.now.Add(p.took)
	return nil, p.err
}

// measured writes rounds of batches through a stretching.
type measured struct {
	*stretching
	paced *paced
	// factors that were used.
	factors []float64
}

func newMeasured(c config.Config) *measured {
	m := &measured{paced: &paced{now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}}
	m.stretching = newStretching(func() time.Time { return m.paced.now }, func(f float64) { m.factors = append(m.factors, f) })
	m.configure(c, false)
	return m
}

// write writes rounds of so many batches of so many records, for five minutes.
func (m *measured) write(ctx context.Context, batches, records int) {
	round := make([]progress.Batch, batches)
	for i := range round {
		round[i].Records = make([]progress.Record, records)
	}
	for end := m.paced.now.Add(5 * time.Minute); m.paced.now.Before(end); m.paced.now = m.paced.now.Add(time.Second) {
		_, _ = m.database(m.paced).ApplyRound(ctx, "", "", 0, round)
	}
}

func (m *measured) used() float64 {
	if len(m.factors) == 0 {
		return 1
	}
	return m.factors[len(m.factors)-1]
}

func adaptiveConfig(mode config.AdaptiveMode) config.Config {
	c := config.Default()
	c.Sync.BatchSize = 10
	c.Sync.Adaptive = config.Adaptive{Mode: mode}
	return c
}

func TestWhatTheDatabaseTellsIsUsedAsTheModeSays(t *testing.T) {
	for name, test := range map[string]struct {
		mode           config.AdaptiveMode
		reported, used float64 // reported is 0 for nothing
	}{
		"unset, it is not even measured":      {"", 0, 1},
		"Off, neither":                        {config.AdaptiveOff, 0, 1},
		"Observe, it is reported and no more": {config.AdaptiveObserve, 4, 1},
		"On, the intervals follow it":         {config.AdaptiveOn, 4, 4},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMeasured(adaptiveConfig(test.mode))
			m.paced.took = time.Second
			m.write(t.Context(), 1, 10)
			reported := 0.0
			if s := m.status(); s != nil {
				reported = s.Factor
			}
			if reported != test.reported || m.used() != test.used {
				t.Errorf("reported %v and used %v, want %v and %v", reported, m.used(), test.reported, test.used)
			}
		})
	}
}

func TestLargeRoundsCompareWithSmallOnes(t *testing.T) {
	m := newMeasured(adaptiveConfig(config.AdaptiveOn))
	m.paced.took = 32 * 5 * 10 * time.Millisecond // a backlog of which each ten records take 10 ms
	m.write(t.Context(), 32, 50)
	if m.used() > 1 {
		t.Errorf("the intervals are stretched by %v though the database is fast: it is the rounds that are large", m.used())
	}
}

func TestAnotherModeAndHurryApplyAtOnce(t *testing.T) {
	m := newMeasured(adaptiveConfig(config.AdaptiveOn))
	m.paced.took = time.Second
	m.write(t.Context(), 1, 1)
	m.configure(adaptiveConfig(config.AdaptiveOn), true)
	if m.used() != 1 {
		t.Errorf("the factor is %v while the pod is being deleted: what comes is not written within a second", m.used())
	}
	m.configure(adaptiveConfig(config.AdaptiveOn), false)
	if m.used() != 4 {
		t.Errorf("another configuration with the same mode forgets the factor: %v, want 4", m.used())
	}
	m.configure(adaptiveConfig(config.AdaptiveObserve), false)
	if m.used() != 1 {
		t.Errorf("the factor is %v, though the policy is to observe", m.used())
	}
}

func TestARoundThatAShutdownCutShortTellsNothing(t *testing.T) {
	m := newMeasured(adaptiveConfig(config.AdaptiveOn))
	m.paced.err = errors.Join(context.Canceled, &pgconn.PgError{Code: "57014"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.write(ctx, 1, 1)
	if m.used() != 1 {
		t.Errorf("the factor is %v: canceled by ourselves is no sign of load", m.used())
	}
	m.write(t.Context(), 1, 1)
	if m.used() != 4 {
		t.Errorf("the factor is %v: canceled by the server for its time is load, and wants 4", m.used())
	}
}
