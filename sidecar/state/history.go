package state

import (
	"context"
	"sync"
	"time"
)

const (
	// sampleEvery is the time between two samples, history how far they reach back.
	sampleEvery = 10 * time.Second
	history     = 30 * time.Minute
	// maxSamples are those of the history, and the one at its begin.
	maxSamples = int(history/sampleEvery) + 1
)

// Sample is what had been counted at a moment, without anything of a learner.
type Sample struct {
	At time.Time `json:"at"`
	// UpdatesAccepted and RowsWritten count since the process started.
	UpdatesAccepted int64 `json:"updatesAccepted"`
	RowsWritten     int64 `json:"rowsWritten"`
	// SaveLagSeconds is the longest save lag of a batch that was saved since the
	// sample before, nil without one.
	SaveLagSeconds *float64 `json:"saveLagSeconds"`
}

// samples keeps those of the last half an hour.
type samples struct {
	mu    sync.Mutex
	ring  [maxSamples]Sample
	count int // of all that there ever were
	// lag is the longest since the last sample, nil without a saved batch.
	lag *float64
}

func (k *samples) saved(lag float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lag == nil || lag > *k.lag {
		k.lag = &lag
	}
}

func (k *samples) take(at time.Time, accepted, rows int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ring[k.count%maxSamples] = Sample{At: at.UTC(), UpdatesAccepted: accepted, RowsWritten: rows, SaveLagSeconds: k.lag}
	k.count++
	k.lag = nil
}

// list returns the samples, the oldest first.
func (k *samples) list() []Sample {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := min(k.count, maxSamples)
	list := make([]Sample, 0, n)
	for i := k.count - n; i < k.count; i++ {
		list = append(list, k.ring[i%maxSamples])
	}
	return list
}

// History is what was counted in the last half an hour, as far as the process
// runs that long: a sample every ten seconds, the oldest first.
func (s *State) History() []Sample { return s.samples.list() }

func (s *State) sample() { s.samples.take(s.now(), s.accepted.Load(), s.rows.Load()) }

// KeepHistory takes the samples of History until ctx ends.
func (s *State) KeepHistory(ctx context.Context) {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.sample()
		case <-ctx.Done():
			return
		}
	}
}
