package state

import (
	"cmp"
	"slices"
	"sync"
)

// SaveLag is how long it took from accepted to saved, of the last batches: for
// each record from the acceptance of its first unsaved update, as the metric
// save_lag_seconds counts it. Of a batch with many lags it is off by no more than a
// sixteenth of its records.
type SaveLag struct {
	// Records that it is of; 0 while none was saved.
	Records int `json:"records"`
	// MedianSeconds and P95Seconds are what half of the records, and 95 of a
	// hundred, took at most.
	MedianSeconds float64 `json:"medianSeconds"`
	P95Seconds    float64 `json:"p95Seconds"`
}

// lagBatches is how many of the last saved batches SaveLag is of.
const lagBatches = 256

type lags struct {
	mu    sync.Mutex
	ring  [lagBatches][]batchLag
	count int // of all that there ever were
}

func (l *lags) saved(groups []batchLag) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.count%lagBatches] = groups
	l.count++
}

// SaveLag is that of the last batches that were saved.
func (s *State) SaveLag() SaveLag {
	s.lags.mu.Lock()
	list := slices.Concat(s.lags.ring[:min(s.lags.count, lagBatches)]...)
	s.lags.mu.Unlock()
	return saveLagOf(list)
}

// saveLagOf sorts the groups.
func saveLagOf(batches []batchLag) (lag SaveLag) {
	slices.SortFunc(batches, func(a, b batchLag) int { return cmp.Compare(a.seconds, b.seconds) })
	for _, b := range batches {
		lag.Records += b.records
	}
	lag.MedianSeconds, lag.P95Seconds = within(batches, lag.Records, .5), within(batches, lag.Records, .95)
	return lag
}

// within returns what a share of the records took at most.
func within(sorted []batchLag, records int, share float64) float64 {
	passed := 0
	for _, b := range sorted {
		if passed += b.records; float64(passed) >= share*float64(records) {
			return b.seconds
		}
	}
	return 0
}
