package buffer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/test/kit"
)

func itemsOf(updates ...progress.Update) []Item {
	items := make([]Item, len(updates))
	for i, u := range updates {
		items[i].Update = u
	}
	return items
}

func (b *rig) putFrom(sender SenderID, number uint64, items ...Item) []Result {
	b.t.Helper()
	results, err := b.PutFrom(context.Background(), sender, number, items)
	if err != nil {
		b.t.Fatalf("batch %d: %v", number, err)
	}
	return results
}

// seeksOf is what is held of the key's seeks.
func (b *rig) seeksOf(n int) (seeks int64) {
	for _, h := range b.Unsaved(Filter{UserID: key(n).UserID}) {
		seeks += h.Record.SeekEvents
	}
	return seeks
}

// sameResults compares the answers to a batch and to its repeat, which is not to be
// counted.
func sameResults(t *testing.T, first, again []Result) {
	t.Helper()
	want := slices.Clone(first)
	for i := range want {
		if want[i].Again {
			t.Errorf("result %d of a batch that came first is not counted", i)
		}
		want[i].Again = true
	}
	got := again
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
		t.Errorf("the answer is another one (-first +again):\n%s", diff)
	}
}

func TestABatchThatIsSentAgainIsMergedOnceAndAnsweredAlike(t *testing.T) {
	for name, between := range interruptions(map[string]func(*rig){
		"stopped for as long as a sender is known": func(b *rig) {
			if err := b.Buffer.Close(); err != nil {
				b.t.Fatal(err)
			}
			b.clock.Advance(senderAge)
			b.open()
		},
	}) {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, withEvents(100, 0), func(o *Options) { o.Policy.MaxPendingRecords = 4 })
			b.put(event(key(1), "before"))
			b.erase(key(9).UserID)
			late, beyond := updateOf(key(9)), updateOf(key(2))
			late.OccurredAt = progress.InstantOf(b.clock.Now()) - 1
			beyond.WatchedDelta = progress.Some(1e300)
			items := append(itemsOf(updateOf(key(1)), event(key(1), "before"), late, beyond, updateOf(key(2)), updateOf(key(3)),
				event(key(4), "e"), updateOf(key(5)), updateOf(key(6))), Item{Update: progress.Update{Key: key(3)}, Reset: true})
			first := b.putFrom(SenderID{1}, 7, items...)
			for i, want := range []error{nil, nil, ErrErased, ErrRange, nil, nil, nil, ErrFull, ErrFull, nil} {
				if !errors.Is(first[i].Err, want) || first[i].Duplicate != (i == 1) {
					t.Fatalf("item %d: %+v, want %v", i, first[i], want)
				}
			}
			// Where items are of one key, the answer is the record as it is.
			first[0].Record, first[5].Record = first[1].Record, first[9].Record
			between(b)
			again := b.putFrom(SenderID{1}, 7, items...)
			for i := range again {
				if again[i].Err != nil {
					first[i].Record = progress.Record{}
				}
			}
			sameResults(t, first, again)
			if b.seeksOf(1) != 2 || b.seeksOf(2) != 1 || b.seeksOf(3) != 0 || b.seeksOf(4) != 1 {
				t.Errorf("seeks are %d, %d, %d, %d", b.seeksOf(1), b.seeksOf(2), b.seeksOf(3), b.seeksOf(4))
			}
		})
	}
}

func TestBatchesOfASenderAreTakenInTheirOrder(t *testing.T) {
	b := newRig(t)
	b.putFrom(SenderID{1}, 0, itemsOf(updateOf(key(1)))...)
	b.putFrom(SenderID{1}, 0, itemsOf(updateOf(key(1)))...)
	b.putFrom(SenderID{1}, 5, itemsOf(updateOf(key(1)))...)
	b.putFrom(SenderID{2}, 3, itemsOf(updateOf(key(1)))...)
	for range 2 {
		if _, err := b.PutFrom(context.Background(), SenderID{1}, 4, itemsOf(updateOf(key(1)))); !errors.Is(err, ErrSuperseded) {
			t.Errorf("an earlier batch: %v", err)
		}
		b.crash()
	}
	if b.seeksOf(1) != 3 {
		t.Errorf("%d batches were merged", b.seeksOf(1))
	}
}

func TestAResetAmongItemsKeepsItsPlace(t *testing.T) {
	b := newRig(t)
	reset := Item{Update: progress.Update{Key: key(1)}, Reset: true}
	first, second := Item{Update: updateOf(key(1))}, Item{Update: updateOf(key(1))}
	for name, tt := range map[string]struct {
		items []Item
		want  int64
	}{
		"before both":  {[]Item{reset, first, second}, 2},
		"between them": {[]Item{first, reset, second}, 1},
		"behind both":  {[]Item{first, second, reset}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b.clock.Advance(time.Second)
			results := b.putFrom(SenderID(([]byte)(name + "                ")[:16]), 1, tt.items...)
			if b.seeksOf(1) != tt.want || results[2].Record.SeekEvents != tt.want {
				t.Errorf("%d seeks are left, %d told", b.seeksOf(1), results[2].Record.SeekEvents)
			}
		})
	}
}

func TestABatchOfWhichNothingIsMergedIsRememberedToo(t *testing.T) {
	b := newRig(t, withEvents(100, 0), func(o *Options) { o.Policy.MaxPendingRecords = 1 })
	b.put(event(key(1), "e"))
	items := itemsOf(event(key(1), "e"), updateOf(key(2)))
	first := b.putFrom(SenderID{1}, 1, items...)
	b.crash()
	p := testPolicy() // in which there is room
	b.SetPolicy(p)
	sameResults(t, first, b.putFrom(SenderID{1}, 1, items...))
	if b.putFrom(SenderID{1}, 2); b.seeksOf(2) != 0 {
		t.Error("an update was merged that had been refused")
	}
}

func TestASenderThatIsForgottenLeavesTheDisk(t *testing.T) {
	b := newRig(t)
	b.putFrom(SenderID{1}, 5, itemsOf(updateOf(key(1)))...)
	b.clock.Advance(senderAge)
	kit.Eventually(t, "the sender is forgotten", func() error {
		defer b.lanes.unlock(b.lanes.lock(anyLane))
		return kit.Unless(b.senders.of(SenderID{1}) == nil, "it is known")
	})
	b.put(updateOf(key(2))) // and what was not waited for is on the disk
	b.crash()
	b.putFrom(SenderID{1}, 1, itemsOf(updateOf(key(1)))...)
	if b.seeksOf(1) != 2 {
		t.Errorf("%d seeks", b.seeksOf(1))
	}
}

func TestWithoutRoomOnTheDiskOnlyARepeatedBatchIsAnswered(t *testing.T) {
	b := newRig(t)
	first := b.putFrom(SenderID{1}, 1, itemsOf(updateOf(key(1)))...)
	p := testPolicy()
	p.SizeLimitBytes = 1
	b.SetPolicy(p)
	sameResults(t, first, b.putFrom(SenderID{1}, 1, itemsOf(updateOf(key(1)))...))
	if _, err := b.PutFrom(context.Background(), SenderID{1}, 2, itemsOf(updateOf(key(1)))); !errors.Is(err, ErrNoSpace) {
		t.Errorf("the next batch: %v", err)
	}
	b.SetPolicy(testPolicy())
	if b.putFrom(SenderID{1}, 2, itemsOf(updateOf(key(1)))...); b.seeksOf(1) != 2 {
		t.Errorf("%d seeks after it was sent again with room", b.seeksOf(1))
	}
}

// A repeat that overtakes the disk would acknowledge what a crash can still take away.
func TestARepeatedBatchWaitsForTheDiskAsTheFirstDoes(t *testing.T) {
	for name, fault := range map[string]error{"which has it": nil, "which fails": errBroken} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			syncing, released := make(chan struct{}, 1), make(chan struct{})
			release := sync.OnceFunc(func() { close(released) })
			t.Cleanup(release)
			b.fs.Before(func(op disktest.Op) error {
				if op.Kind != disktest.Sync {
					return nil
				}
				select {
				case syncing <- struct{}{}:
				default:
				}
				<-released
				return fault
			})
			type answer struct {
				results []Result
				err     error
			}
			send := func() <-chan answer {
				got := make(chan answer, 1)
				go func() {
					results, err := b.PutFrom(context.Background(), SenderID{1}, 1, itemsOf(updateOf(key(1))))
					got <- answer{results, err}
				}()
				return got
			}
			first := send()
			<-syncing
			before := b.clock.Now()
			b.clock.Advance(time.Second)
			again := send()
			kit.Eventually(t, "the repeated batch is recognized", func() error {
				defer b.lanes.unlock(b.lanes.lock(anyLane))
				seen := b.senders.of(SenderID{1}).seen
				return kit.Unless(seen == b.clock.Now().Sub(before), seen)
			})
			release()
			one, two := <-first, <-again
			if fault != nil {
				if !errors.Is(one.err, ErrFailed) || !errors.Is(two.err, ErrFailed) {
					t.Errorf("the answers are %v and %v", one.err, two.err)
				}
				return
			}
			if one.err != nil || two.err != nil {
				t.Fatal(one.err, two.err)
			}
			sameResults(t, one.results, two.results)
		})
	}
}
