package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// fakeBuffer merges in memory and fails as it is told. It stands in for the
// disk's failures and for moments of flushing that a real one passes too fast.
type fakeBuffer struct {
	noDeadLetters
	mu       sync.Mutex
	records  map[progress.Key]progress.Record
	clock    progress.Instant
	applied  []uint64
	progress chan struct{}

	hinted     []string               // the learner and hints of each update that has any
	putError   error                  // of the whole call
	refuse     map[progress.Key]error // of single keys
	resetError error                  // of single keys of a reset
	elsewhere  bool                   // another sidecar accepts
	stray      bool                   // what comes waits for its home
	threshold  float64                // the percentage that completes a lesson
	putUntil   chan struct{}          // if set, Put waits until it is closed
	onUnsaved  func(b *fakeBuffer)    // runs at the start of Unsaved
}

func newFakeBuffer() *fakeBuffer {
	return &fakeBuffer{
		records: map[progress.Key]progress.Record{}, clock: progress.InstantOf(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)),
		applied: []uint64{0, 0}, progress: make(chan struct{}), refuse: map[progress.Key]error{}, threshold: 95,
	}
}

func (b *fakeBuffer) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	if b.putUntil != nil {
		select {
		case <-b.putUntil:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.putError != nil {
		return nil, b.putError
	}
	var results []buffer.Result
	for _, u := range updates {
		if err := b.refuse[u.Key]; err != nil {
			results = append(results, buffer.Result{Err: err})
			continue
		}
		if u.Leaving || u.SyncWithin.Set {
			b.hinted = append(b.hinted, fmt.Sprintf("%s %t %v", u.UserID, u.Leaving, u.SyncWithin.Value))
		}
		if u.IsHint() {
			r := b.records[u.Key]
			r.Key = u.Key
			results = append(results, buffer.Result{Record: r, Hint: true})
			continue
		}
		b.clock++
		r := u.Record(b.clock, b.threshold)
		if old, held := b.records[u.Key]; held {
			r = progress.Merge(old, r.Raise(old.Generation))
		}
		b.records[u.Key] = r
		results = append(results, buffer.Result{Record: r, Elsewhere: b.elsewhere, Stray: b.stray})
	}
	return results, nil
}

func (b *fakeBuffer) Reset(_ context.Context, keys []progress.Key) ([]buffer.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.putError != nil {
		return nil, b.putError
	}
	var results []buffer.Result
	for _, k := range keys {
		b.clock++
		b.records[k] = progress.Reset(k, b.clock)
		results = append(results, buffer.Result{Record: b.records[k], Err: b.resetError, Elsewhere: b.elsewhere})
	}
	return results, nil
}

func (b *fakeBuffer) Unsaved(f buffer.Filter) []buffer.Unsaved {
	if b.onUnsaved != nil {
		b.onUnsaved(b)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []buffer.Unsaved
	for k, r := range b.records {
		if (f.UserID == "" || f.UserID == k.UserID) && (f.CourseID == "" || f.CourseID == k.CourseID) && (f.LessonID == "" || f.LessonID == k.LessonID) {
			all = append(all, buffer.Unsaved{Record: r, PendingUpdates: max(1, r.UpdateCount)})
		}
	}
	return all
}

func (b *fakeBuffer) Tally(f buffer.Filter) (t buffer.Tally) {
	for _, h := range b.Unsaved(f) {
		t.Records++
		t.PendingUpdates += h.PendingUpdates
		t.InFlightUpdates += h.InFlightUpdates
	}
	return t
}

// save takes a key out, as Confirm does, and returns its record.
func (b *fakeBuffer) save(k progress.Key) progress.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.records[k]
	delete(b.records, k)
	b.applied[0]++
	close(b.progress)
	b.progress = make(chan struct{})
	return r
}

func (b *fakeBuffer) Lanes() int { return 2 }

func (b *fakeBuffer) Applied(lane int) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.applied[lane]
}

func (b *fakeBuffer) Progressed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.progress
}

// fakeReader is a database of a few records.
type fakeReader struct {
	mu     sync.Mutex
	saved  Saved
	err    error
	hangs  bool
	takes  time.Duration
	onRead func(r *fakeReader) // runs after the snapshot is taken
}

func (r *fakeReader) Read(ctx context.Context, _ buffer.Filter) (Saved, error) {
	if r.hangs {
		<-ctx.Done()
		return Saved{}, ctx.Err()
	}
	if r.takes > 0 {
		select {
		case <-time.After(r.takes):
		case <-ctx.Done():
			return Saved{}, ctx.Err()
		}
	}
	r.mu.Lock()
	saved := Saved{Records: append([]progress.Record{}, r.saved.Records...), Applied: append([]uint64{}, r.saved.Applied...)}
	r.mu.Unlock()
	if r.onRead != nil {
		r.onRead(r)
	}
	return saved, r.err
}

type fakeSyncer struct {
	err    error
	hangs  bool
	filter buffer.Filter
	ended  error // why a hanging call ended
}

func (s *fakeSyncer) Sync(ctx context.Context, f buffer.Filter) error {
	s.filter = f
	if s.hangs {
		<-ctx.Done()
		s.ended = ctx.Err()
		return s.ended
	}
	return s.err
}

type fakeState struct {
	mu       sync.Mutex
	sync     state.SyncState
	accepted int
	merged   int
	repeated int
	rejected map[string]int
	events   map[string]int // by standard and outcome
	// received are the bytes of bodies as they were sent and unpacked.
	received [3][2]int
	streams  int
	changed  chan struct{}
}

func (s *fakeState) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *fakeState) RecordsChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *fakeState) Streaming(delta int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams += delta
}

func (s *fakeState) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams
}

func (s *fakeState) SyncState() state.SyncState { return s.sync }

func (s *fakeState) SyncStateOf(part state.Part) state.SyncState {
	sync := s.sync
	sync.PendingUpdates = part.Pending + part.InFlight + part.Quarantined
	if sync.PendingUpdates == 0 {
		sync.Status = status.StateSynced
	}
	return sync
}

func (s *fakeState) Accepted(n, merged int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted += n
	s.merged += merged
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *fakeState) Repeated(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repeated += n
}

func (s *fakeState) Received(c coding.Coding, sent, unpacked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received[c][0] += sent
	s.received[c][1] += unpacked
}

func (s *fakeState) Standard(standard config.Standard, outcome standards.Outcome, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.events == nil {
		s.events = map[string]int{}
	}
	s.events[string(standard)+" "+string(outcome)] += n
}

func (s *fakeState) Rejected(reason string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected[reason] += n
}

type noDeadLetters struct{ letters []buffer.DeadLetter }

func (n noDeadLetters) ListDeadLetters(uint64, int) ([]buffer.DeadLetter, bool, error) {
	return n.letters, false, nil
}

func (noDeadLetters) DeadLetter(uint64) (buffer.DeadLetter, error) {
	return buffer.DeadLetter{}, buffer.ErrNoDeadLetter
}

func (noDeadLetters) ReplayDeadLetter(uint64) error { return buffer.ErrNoDeadLetter }
func (noDeadLetters) DeleteDeadLetter(uint64) error { return buffer.ErrNoDeadLetter }

func (noDeadLetters) Quarantined(buffer.Filter) (int64, error) { return 0, nil }
