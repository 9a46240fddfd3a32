package buffer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/test/kit"
)

// account is what writers were told, per key.
type account struct {
	sent, acknowledged [16]atomic.Int64
	last               [8]atomic.Pointer[acknowledgedPut] // of each writer
}

// acknowledgedPut is what was acknowledged, and can be sent once more.
type acknowledgedPut struct {
	update progress.Update
	// number is that of a batch of the writer that handed the update on, 0 for none.
	// The update has no event id then.
	number uint64
	sender SenderID
}

// handOver takes the id of an event that another sidecar merged. It returns the event,
// which is a duplicate here from then on.
func handOver(b *Buffer, k progress.Key, seed uint64, i int) (*acknowledgedPut, error) {
	a := &acknowledgedPut{update: event(k, fmt.Sprint("elsewhere ", seed, ":", i))}
	return a, b.RememberEventIDs(context.Background(), []spool.EventID{idOf(a.update)})
}

// repeat sends what was acknowledged once more. Whether a batch was merged again is
// told by what compare counts.
func repeat(b *Buffer, last *acknowledgedPut) error {
	u := &last.update
	if last.number != 0 {
		_, err := b.PutFrom(context.Background(), last.sender, last.number, itemsOf(*u))
		if errors.Is(err, ErrSuperseded) {
			return nil // by a batch that the crash left, unacknowledged
		}
		return err
	}
	results, err := b.Put(context.Background(), []progress.Update{*u})
	if err == nil && !results[0].Duplicate {
		return fmt.Errorf("event %s of %v was acknowledged and is new again", u.EventID, u.Key)
	}
	return err
}

// put puts the i-th update of a writer: of three, one has its home here, one strays,
// and one is handed on by the writer.
func put(b *Buffer, k progress.Key, seed uint64, i int) (*acknowledgedPut, error) {
	a := &acknowledgedPut{update: event(k, fmt.Sprint(seed, ":", i))}
	var err error
	switch i % 3 {
	case 0:
		_, err = b.Put(context.Background(), []progress.Update{a.update})
	case 1:
		_, err = b.PutStray(context.Background(), []progress.Update{a.update})
	default:
		a.update.EventID, a.sender, a.number = "", senderID(int(seed)), uint64(i)
		_, err = b.PutFrom(context.Background(), a.sender, a.number, itemsOf(a.update))
	}
	return a, err
}

// write puts updates until stop is closed or one is refused.
func (a *account) write(b *Buffer, seed uint64, stop <-chan struct{}) error {
	rng := rand.New(rand.NewPCG(seed, 2))
	for i := 0; ; i++ {
		select {
		case <-stop:
			return nil
		default:
		}
		n := rng.IntN(len(a.sent))
		a.sent[n].Add(1)
		last, err := put(b, key(n), seed, i)
		if err != nil {
			return err
		}
		a.acknowledged[n].Add(1)
		a.last[seed].Store(last)
		if i%8 == 0 {
			if err := repeat(b, last); err != nil {
				return err
			}
		}
		if i%8 == 4 {
			if last, err = handOver(b, key(n), seed, i); err != nil {
				return err
			}
			a.last[seed].Store(last)
		}
		if i%16 == 0 {
			if _, err := b.TakeAllStrays(context.Background()); err != nil {
				return err
			}
		}
	}
}

// awaitAcknowledged waits until so many updates of the first key are acknowledged.
func (a *account) awaitAcknowledged(t *testing.T, n int64) {
	t.Helper()
	kit.Eventually(t, "updates are acknowledged", func() error {
		acknowledged := a.acknowledged[0].Load()
		return kit.Unless(acknowledged >= n, acknowledged)
	})
}

// compare checks that found holds at least what was acknowledged before, and no
// more than was ever sent.
func compare(t *testing.T, b *Buffer, acknowledged, sent [16]int64) {
	t.Helper()
	var found [16]int64
	for n := range found {
		for _, h := range b.Unsaved(Filter{UserID: key(n).UserID}) {
			found[n] = h.Record.SeekEvents
			if h.Record.SeekEvents != h.PendingUpdates+h.InFlightUpdates {
				t.Errorf("key %d: sum %d of %d and %d updates", n, h.Record.SeekEvents, h.PendingUpdates, h.InFlightUpdates)
			}
		}
		if found[n] < acknowledged[n] || found[n] > sent[n] {
			t.Errorf("key %d: %d updates found, %d were acknowledged and %d sent", n, found[n], acknowledged[n], sent[n])
		}
	}
}

func counts(of *[16]atomic.Int64) (values [16]int64) {
	for i := range of {
		values[i] = of[i].Load()
	}
	return values
}

func TestACrashAtAnyMomentKeepsWhatWasAcknowledged(t *testing.T) {
	const crashes = 40
	fs := disktest.New()
	p := testPolicy()
	p.retime(func(t *timing.Terms) { t.Interval = time.Hour })
	p.EventIDs = DefaultEventIDs()
	p.MaxPendingRecords = 0 // there are many strays
	opts := Options{Dir: spoolDir, FS: fs, Policy: p, FreeBytes: plentyFree}
	b, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	var a account
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 {
		writers.Go(func() {
			if err := a.write(b, uint64(i), stop); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	writers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			b.MakeDue(Filter{UserID: key(3).UserID})
			if _, _, err := freeze(b, 0, time.Now(), 4); err != nil {
				t.Errorf("freezing: %v", err)
			}
		}
	})
	rng := rand.New(rand.NewPCG(1, 1))
	for range crashes {
		target := a.acknowledged[0].Load() + 5
		a.awaitAcknowledged(t, target)
		var last []*acknowledgedPut
		for i := range a.last {
			if u := a.last[i].Load(); u != nil {
				last = append(last, u)
			}
		}
		acknowledged := counts(&a.acknowledged)
		after := fs.Crashed(rng.IntN(101), rng)
		sent := counts(&a.sent)
		opts.FS = after
		restarted, err := Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range last {
			if err := repeat(restarted, u); err != nil {
				t.Error(err)
			}
		}
		compare(t, restarted, acknowledged, sent)
		if err := restarted.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	writers.Wait()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestAsyncUpdatesAreOnDiskSoonAfterTheyWereAcknowledged(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Policy.Async = true })
	b.put(at(1, 1), at(2, 1))
	kit.Eventually(t, "both are on disk", func() error {
		opts := b.opts
		opts.FS = b.fs.Crashed(0, nil)
		after, err := Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := after.Close(); err != nil {
				t.Error(err)
			}
		}()
		return kit.Unless(after.Stats().Pending == 2, after.Stats())
	})
}

// breaker lets operations of the file system fail from a moment on.
type breaker struct {
	broken atomic.Bool
	hit    func(disktest.Op) bool
}

var errBroken = errors.New("input/output error")

func (br *breaker) before(op disktest.Op) error {
	if br.broken.Load() && br.hit(op) {
		return errBroken
	}
	return nil
}

func TestAnErrorOfTheDiskIsFinal(t *testing.T) {
	on := func(file string, kinds ...disktest.Kind) func(disktest.Op) bool {
		return func(op disktest.Op) bool {
			return slices.Contains(kinds, op.Kind) && strings.HasPrefix(path.Base(op.Name), file)
		}
	}
	tests := map[string]func(disktest.Op) bool{
		"syncing the log":         on("log-", disktest.Sync),
		"writing the log":         on("log-", disktest.Write),
		"creating the next log":   on("log-", disktest.Create),
		"naming the next log":     on("log-", disktest.Rename),
		"removing an older log":   on("log-", disktest.Remove),
		"creating a checkpoint":   on("checkpoint-", disktest.Create),
		"writing a checkpoint":    on("checkpoint-", disktest.Write),
		"syncing a checkpoint":    on("checkpoint-", disktest.Sync),
		"naming a checkpoint":     on("checkpoint-", disktest.Rename),
		"everything that writes":  func(op disktest.Op) bool { return op.Kind.Changes() },
		"syncing the directories": on(spoolDir, disktest.SyncDir),
	}
	for name, hit := range tests {
		t.Run(name, func(t *testing.T) {
			disk := disktest.New()
			br := &breaker{hit: hit}
			p := testPolicy()
			p.EventIDs = DefaultEventIDs()
			p.MaxPendingRecords = 0
			opts := Options{Dir: spoolDir, FS: disk, Policy: p, FreeBytes: plentyFree}
			b, err := Open(opts)
			if err != nil {
				t.Fatal(err)
			}
			var a account
			var writers sync.WaitGroup
			stop := make(chan struct{})
			refusals := make(chan error, 8)
			for i := range 8 {
				writers.Go(func() { refusals <- a.write(b, uint64(i), stop) })
			}
			a.awaitAcknowledged(t, 10)
			disk.Before(br.before)
			br.broken.Store(true)
			fill(t, b)
			<-b.Failed()
			if !strings.Contains(b.Fault().Error(), errBroken.Error()) {
				t.Errorf("fault is %v", b.Fault())
			}
			writers.Wait()
			for range 8 {
				if err := <-refusals; !errors.Is(err, ErrFailed) {
					t.Errorf("a writer ended with %v", err)
				}
			}
			if _, err := b.Put(context.Background(), []progress.Update{at(1, 1)}); !errors.Is(err, ErrFailed) {
				t.Errorf("Put afterwards: %v", err)
			}
			b.MakeDue(Filter{})
			if _, _, err := freeze(b, 0, time.Now(), 1); !errors.Is(err, ErrFailed) {
				t.Errorf("Freeze afterwards: %v", err)
			}
			acknowledged, sent := counts(&a.acknowledged), counts(&a.sent)
			rng := rand.New(rand.NewPCG(3, 3))
			for _, percent := range []int{0, 50, 100} {
				opts.FS = disk.Crashed(percent, rng)
				restarted, err := Open(opts)
				if err != nil {
					t.Fatalf("opening with %d %% of the unsynced data: %v", percent, err)
				}
				compare(t, restarted, acknowledged, sent)
				if err := restarted.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := b.Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
	}
}

// fill writes until the journal had to go on in another file.
func fill(t *testing.T, b *Buffer) {
	t.Helper()
	module := strings.Repeat("m", 200<<10)
	for i := 0; ; i++ {
		u := progress.Update{Key: key(100 + i%8), ModuleID: module}
		if _, err := b.Put(context.Background(), []progress.Update{u}); err != nil {
			return
		}
		if i > 400 {
			t.Fatal("80 MB were written to a broken disk")
		}
	}
}

func TestASpoolThatCannotBeCreatedSaysWhy(t *testing.T) {
	br := &breaker{hit: func(op disktest.Op) bool { return op.Kind.Changes() }}
	br.broken.Store(true)
	disk := disktest.New()
	disk.Before(br.before)
	_, err := Open(Options{Dir: spoolDir, FS: disk, Policy: testPolicy()})
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
