package buffer

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

const spoolDir = "spool"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testClock is a clock that tests set.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock {
	return &testClock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// inMinutes has records written in so many minutes, and completions at once.
func inMinutes(n int) *timing.Table {
	return timing.Only(timing.Terms{Interval: time.Duration(n) * time.Minute, FlushOnComplete: true}, time.Second)
}

// retime changes the terms of all records.
func (p *Policy) retime(set func(*timing.Terms)) {
	terms := p.Terms.All()[0]
	set(&terms)
	p.Terms = timing.Only(terms, p.Terms.Floor())
}

func testPolicy() Policy {
	return Policy{
		Terms:               inMinutes(3),
		CompletionThreshold: 95,
		MaxPendingRecords:   1000,
		SizeLimitBytes:      1 << 30,
		ReplayWindow:        10 * time.Minute,
	}
}

// rig is a buffer on a file system in memory with a clock of the test's.
type rig struct {
	*Buffer
	t     testing.TB
	fs    *disktest.Disk
	clock *testClock
	opts  Options
}

func plentyFree(string) (uint64, error) { return 1 << 40, nil }

func newRig(tb testing.TB, set ...func(*Options)) *rig {
	tb.Helper()
	b := &rig{t: tb, fs: disktest.New(), clock: newTestClock()}
	b.opts = Options{
		Dir: spoolDir, FS: b.fs, Now: b.clock.Now, Policy: testPolicy(), FreeBytes: plentyFree,
	}
	for _, s := range set {
		s(&b.opts)
	}
	b.open()
	tb.Cleanup(func() {
		if err := b.Buffer.Close(); err != nil {
			tb.Errorf("closing: %v", err)
		}
	})
	return b
}

func (b *rig) open() {
	b.t.Helper()
	buf, err := Open(b.opts)
	if err != nil {
		b.t.Fatalf("opening: %v", err)
	}
	b.Buffer = buf
}

// restart closes the buffer in an orderly way and opens it again.
func (b *rig) restart() {
	b.t.Helper()
	if err := b.Buffer.Close(); err != nil {
		b.t.Fatalf("closing: %v", err)
	}
	b.open()
}

// crash goes on with what was certainly on disk at this moment.
func (b *rig) crash() {
	b.t.Helper()
	after := b.fs.Crashed(0, nil)
	if err := b.Buffer.Close(); err != nil {
		b.t.Fatalf("closing what crashed: %v", err)
	}
	b.fs, b.opts.FS = after, after
	b.open()
}

func key(n int) progress.Key {
	return progress.Key{UserID: fmt.Sprintf("user-%d", n), CourseID: "course", LessonID: "lesson"}
}

func at(n int, position float64) progress.Update {
	return progress.Update{Key: key(n), CurrentTime: progress.Some(position), SeekEvents: 1}
}

// put puts updates that must all be accepted.
func (b *rig) put(updates ...progress.Update) []Result {
	b.t.Helper()
	results, err := b.Put(context.Background(), updates)
	if err != nil {
		b.t.Fatalf("Put: %v", err)
	}
	for i, r := range results {
		if r.Err != nil {
			b.t.Fatalf("update %d: %v", i, r.Err)
		}
	}
	return results
}

// freezeAll freezes everything that is due, in batches of up to limit.
func (b *rig) freezeAll(limit int) []progress.Batch {
	b.t.Helper()
	var all []progress.Batch
	for lane := range b.Lanes() {
		for {
			batch, ok, err := b.Freeze(lane, b.clock.Now(), limit)
			if err != nil {
				b.t.Fatal(err)
			}
			if !ok {
				break
			}
			all = append(all, batch)
		}
	}
	return all
}

func (b *rig) confirm(batches ...progress.Batch) {
	b.t.Helper()
	for _, batch := range batches {
		if err := b.Confirm(batch.Lane, batch.Number); err != nil {
			b.t.Fatal(err)
		}
	}
}

func records(batches []progress.Batch) int {
	n := 0
	for _, b := range batches {
		n += len(b.Records)
	}
	return n
}

func updateOf(k progress.Key) progress.Update { return progress.Update{Key: k, SeekEvents: 1} }

// Freeze freezes up to limit records of a lane in one batch.
func (b *rig) Freeze(lane int, now time.Time, limit int) (progress.Batch, bool, error) {
	return freeze(b.Buffer, lane, now, limit)
}

// Confirm confirms a batch, which must be the lane's first unless it was
// confirmed before.
func (b *rig) Confirm(lane int, number uint64) error { return confirm(b.Buffer, lane, number) }

func freeze(b *Buffer, lane int, now time.Time, limit int) (progress.Batch, bool, error) {
	batches, err := b.FreezeRound(lane, now, limit, 1)
	if err != nil || len(batches) == 0 {
		return progress.Batch{}, false, err
	}
	return batches[0], true, nil
}

func confirm(b *Buffer, lane int, number uint64) error { return b.ConfirmThrough(lane, number) }

// interruptions are what may come between two calls and must change nothing, and more
// of them.
func interruptions(more map[string]func(*rig)) map[string]func(*rig) {
	all := map[string]func(*rig){
		"at once":         func(*rig) {},
		"after a restart": func(b *rig) { b.restart() },
		"after a crash":   func(b *rig) { b.crash() },
		"after a checkpoint and a crash": func(b *rig) {
			if err := b.Checkpoint(context.Background()); err != nil {
				b.t.Fatal(err)
			}
			b.crash()
		},
	}
	maps.Copy(all, more)
	return all
}
