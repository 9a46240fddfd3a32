package flush

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

var testPolicy = Policy{
	BatchSize: 10, MaxRetries: 3, InitialDelay: 5 * time.Second, MaxDelay: time.Minute, Interval: 3 * time.Minute,
	ReplayWindow: 10 * time.Minute,
}

// interval is that of bufferPolicy.
const interval = 3 * time.Minute

var bufferPolicy = buffer.Policy{
	Terms: timing.Only(timing.Terms{Interval: interval}, 0), MaxPendingRecords: 1000, ReplayWindow: 10 * time.Minute,
}

// sqlError is an error of the server as the real Database returns it.
func sqlError(state string) error { return &pgconn.PgError{Code: state, Message: "made up"} }

// journal records what the observer was told.
type journal struct {
	mu          sync.Mutex
	saved       []progress.Batch
	rows        int64
	replayed    int
	quarantined []postgres.Failure
	splits      int
	rewinds     []Rewind
	failures    int
	retries     int
	conditions  []Condition

	refusedErasures int
	refusal         *postgres.Failure
}

func (j *journal) BatchSaved(b progress.Batch, rows int64, _ time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.saved = append(j.saved, b)
	j.rows += rows
}

func (j *journal) BatchReplayed(progress.Batch, int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.replayed++
}

func (j *journal) BatchQuarantined(_ progress.Batch, f postgres.Failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.quarantined = append(j.quarantined, f)
}

func (j *journal) BatchSplit(progress.Batch, postgres.Failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.splits++
}

func (j *journal) Rewound(r Rewind) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.rewinds = append(j.rewinds, r)
}

func (*journal) Attempted(time.Duration, *postgres.Failure) {}

func (j *journal) AttemptFailed(postgres.Failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failures++
}

func (j *journal) ErasuresRefused(n int, last *postgres.Failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refusedErasures, j.refusal = n, last
}

// refused is how many erasures the database refuses, and why.
func (j *journal) refused() (int, *postgres.Failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.refusedErasures, j.refusal
}

func (j *journal) Retried() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.retries++
}

func (j *journal) ConditionChanged(c Condition) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.conditions = append(j.conditions, c)
}

// condition is the last one that was reported.
func (j *journal) condition() Condition {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.conditions) == 0 {
		return Condition{}
	}
	return j.conditions[len(j.conditions)-1]
}

func (j *journal) phases() []Phase {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Phase
	for _, c := range j.conditions {
		all = append(all, c.Phase)
	}
	return slices.Compact(all)
}

// fixture is a Flusher between a real buffer, in memory, and a database.
type fixture struct {
	*Flusher
	buffer *buffer.Buffer
	seen   *journal
	stop   func() error
}

func openBuffer(tb testing.TB, fs disk.FS, p buffer.Policy) *buffer.Buffer {
	tb.Helper()
	b, err := buffer.Open(buffer.Options{
		Dir: "spool", FS: fs, Policy: p,
		FreeBytes: func(string) (uint64, error) { return 1 << 40, nil },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("closing the buffer: %v", err)
		}
	})
	return b
}

// start runs a Flusher until the test ends or stop is called.
func start(tb testing.TB, b *buffer.Buffer, db Database, p Policy) *fixture {
	tb.Helper()
	f := &fixture{buffer: b, seen: &journal{}}
	f.Flusher, f.stop = launch(b, db, p, f.seen)
	tb.Cleanup(func() {
		if err := f.stop(); err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	return f
}

// launch runs a Flusher until stop, which returns Run's error.
func launch(b Buffer, db Database, p Policy, o Observer) (f *Flusher, stop func() error) {
	f = New(Options{
		Buffer: b, Database: db, Policy: p, Observer: o, Log: logr.Discard(),
		Rand: func() float64 { return 0 },
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return f, sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

func key(i int) progress.Key {
	return progress.Key{UserID: fmt.Sprintf("learner-%d", i), CourseID: "course", LessonID: "lesson"}
}

// put accepts one update for each key, worth one second and one seek.
func put(tb testing.TB, b *buffer.Buffer, keys ...int) {
	tb.Helper()
	var updates []progress.Update
	for _, k := range keys {
		updates = append(updates, progress.Update{Key: key(k), WatchedDelta: progress.Some(1), SeekEvents: 1})
	}
	results, err := b.Put(context.Background(), updates)
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			tb.Fatal(r.Err)
		}
	}
}
