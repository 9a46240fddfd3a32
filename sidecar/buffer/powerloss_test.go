package buffer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// afterwards is a disk that lost its power, and what must and may be on it.
type afterwards struct {
	disk               *disktest.Disk
	before             string // the operation that was not begun
	acknowledged, sent [16]int64
	// batch is the last one that a sender has sent; of is its key.
	batch  uint64
	of     int
	answer bool // whether it was acknowledged
	// removed is how many strays were acknowledged that another sidecar is to merge.
	removed int
}

// outage takes a copy of the disk before every operation that changes it.
type outage struct {
	disk    *disktest.Disk
	account account
	mu      sync.Mutex
	rng     *rand.Rand
	copies  []afterwards
	last    afterwards // its batch, and removed
}

func (o *outage) before(op disktest.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	percent := []int{0, 50, 50, 100}[o.rng.IntN(4)]
	a := o.last
	a.before = fmt.Sprintf("%s %s, %d %% kept", op.Kind, op.Name, percent)
	a.acknowledged = counts(&o.account.acknowledged)
	a.disk = o.disk.Crashed(percent, o.rng)
	a.sent = counts(&o.account.sent)
	o.copies = append(o.copies, a)
	return nil
}

// batch notes the last batch of the sender.
func (o *outage) batch(number uint64, n int, acknowledged bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last.batch, o.last.of, o.last.answer = number, n, acknowledged
}

// handOn puts an update as the next batch of a sender, without an event id.
func (o *outage) handOn(t *testing.T, b *Buffer, n, ballast int) {
	t.Helper()
	u := at(n, 1)
	u.ModuleID = strings.Repeat("m", ballast)
	o.account.sent[n].Add(1)
	number := o.last.batch + 1
	o.batch(number, n, false)
	if _, err := b.PutFrom(context.Background(), SenderID{1}, number, itemsOf(u)); err != nil {
		t.Fatal(err)
	}
	o.account.acknowledged[n].Add(1)
	o.batch(number, n, true)
}

// stray puts an update that waits for its home.
func (o *outage) stray(t *testing.T, b *Buffer, n int) {
	t.Helper()
	o.account.sent[n].Add(1)
	u := event(key(n), fmt.Sprint(o.account.sent[n].Load()))
	if _, err := b.PutStray(context.Background(), []progress.Update{u}); err != nil {
		t.Fatal(err)
	}
	o.account.acknowledged[n].Add(1)
}

// removedKey is of strays that are removed again.
const removedKey = 12

func removedStray(i int) progress.Update { return event(key(removedKey), fmt.Sprint("removed ", i)) }

// removeStray puts a stray and removes it, since another sidecar has merged its event:
// from then on it must not count.
func (o *outage) removeStray(t *testing.T, b *Buffer) {
	t.Helper()
	u := removedStray(o.last.removed)
	o.account.sent[removedKey].Add(1)
	if _, err := b.PutStray(context.Background(), []progress.Update{u}); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	o.last.removed++
	o.mu.Unlock()
	// One that is being removed may count or not.
	if err := b.RememberEventIDs(context.Background(), []spool.EventID{idOf(u)}); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.account.sent[removedKey].Add(-1)
}

// repeatRemoved sends the events of removed strays again: each is a duplicate, whether
// as a stray or by its id.
func (a *afterwards) repeatRemoved(t *testing.T, b *Buffer) {
	t.Helper()
	for i := range a.removed {
		results, err := b.Put(context.Background(), []progress.Update{removedStray(i)})
		if err != nil || !results[0].Duplicate {
			t.Errorf("stray %d, which another sidecar merged, is merged here: %+v, %v", i, results, err)
		}
	}
}

// sendAgain sends the last batch to a buffer on the copy of the disk: it must be merged
// once, whether it was acknowledged before or not.
func (a *afterwards) sendAgain(t *testing.T, b *Buffer) {
	t.Helper()
	if a.batch == 0 {
		return
	}
	if _, err := b.PutFrom(context.Background(), SenderID{1}, a.batch, itemsOf(at(a.of, 1))); err != nil {
		t.Fatal(err)
	}
	if !a.answer {
		a.acknowledged[a.of]++
	}
}

// put puts an update with some ballast, so that logs come and go.
func (o *outage) put(t *testing.T, b *Buffer, n, ballast int) {
	t.Helper()
	u := at(n, 1)
	u.ModuleID = strings.Repeat("m", ballast)
	o.account.sent[n].Add(1)
	if _, err := b.Put(context.Background(), []progress.Update{u}); err != nil {
		t.Fatal(err)
	}
	o.account.acknowledged[n].Add(1)
}

func TestAPowerLossBeforeAnyOperationOfTheDiskLeavesASpoolThatOpens(t *testing.T) {
	for seed := range uint64(2) {
		o := &outage{disk: disktest.New(), rng: rand.New(rand.NewPCG(seed, 1))}
		p := testPolicy()
		p.Terms, p.EventIDs = inMinutes(60), DefaultEventIDs()
		opts := Options{Dir: spoolDir, FS: o.disk, Policy: p, FreeBytes: plentyFree}
		o.disk.Before(o.before)
		for life := range 6 {
			b, err := Open(opts)
			if err != nil {
				t.Fatal(err)
			}
			for n := range 8 {
				o.put(t, b, n, 5<<10*life)
				o.handOn(t, b, n, 1<<10*life)
				o.stray(t, b, n)
			}
			o.removeStray(t, b)
			b.MakeDue(Filter{UserID: key(life).UserID})
			for lane := range b.Lanes() {
				if _, err := b.FreezeRound(lane, time.Now(), 2, 4); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.TakeStrays(context.Background(), strayIDs(b)[:3]); err != nil {
				t.Fatal(err)
			}
			o.put(t, b, life, 0)
			if err := b.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Erase(context.Background(), key(100).UserID); err != nil {
				t.Fatal(err)
			}
			if err := b.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
			o.put(t, b, life, 0)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(o.copies); n < 300 {
			t.Errorf("only %d copies were taken", n)
		}
		// Every other one, and with the other seed the rest: to open all takes minutes.
		for i := int(seed); i < len(o.copies); i += 2 {
			a := o.copies[i]
			opts.FS = a.disk
			b, err := Open(opts)
			if err != nil {
				t.Fatalf("seed %d, before %s: %v", seed, a.before, err)
			}
			a.sendAgain(t, b)
			a.repeatRemoved(t, b)
			compare(t, b, a.acknowledged, a.sent)
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Fatalf("seed %d, before %s", seed, a.before)
			}
		}
	}
}
