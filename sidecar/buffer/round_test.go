package buffer

import (
	"slices"
	"strings"
	"testing"
)

// roundOf freezes n updates of lane 0 in batches of the given size.
func (b *rig) roundOf(n, size, most int) []uint64 {
	b.t.Helper()
	for _, k := range oneLane(b.Lanes(), n) {
		b.put(updateOf(k))
	}
	b.MakeDue(Filter{})
	batches, err := b.FreezeRound(0, b.clock.Now(), size, most)
	if err != nil {
		b.t.Fatal(err)
	}
	return numbers(batches)
}

func TestARoundIsFrozenInOneWrite(t *testing.T) {
	b := newRig(t)
	if got := b.roundOf(10, 3, 3); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Fatalf("froze %v", got)
	}
	if s := b.Stats(); s.Pending != 1 || s.InFlight != 9 {
		t.Errorf("%d pending, %d in flight", s.Pending, s.InFlight)
	}
	b.crash()
	if got := numbers(b.Frozen(0)); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("after a crash %v are frozen", got)
	}
	if got, err := b.FreezeRound(0, b.clock.Now(), 3, 3); err != nil || len(got) > 1 {
		t.Errorf("froze %v, %v", got, err)
	}
}

func TestConfirmingThroughABatchConfirmsTheEarlierOnes(t *testing.T) {
	for name, tt := range map[string]struct {
		through uint64
		frozen  []uint64
		applied uint64
		wrong   string
	}{
		"the first":                     {1, []uint64{2, 3}, 1, ""},
		"all":                           {3, nil, 3, ""},
		"a number that isn't frozen":    {4, []uint64{1, 2, 3}, 0, "confirming the batches up to 4 of lane 0: no such batch"},
		"a number that nobody ever had": {0, []uint64{1, 2, 3}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			b.roundOf(9, 3, 3)
			err := b.ConfirmThrough(0, tt.through)
			if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("error %v", err)
			}
			b.restart()
			if got := numbers(b.Frozen(0)); !slices.Equal(got, tt.frozen) || b.Applied(0) != tt.applied {
				t.Errorf("frozen %v, applied %d", got, b.Applied(0))
			}
			again, complete := b.Replayable(0, 0)
			if !complete || len(again) != int(tt.applied) {
				t.Errorf("replayable %v, complete %v", numbers(again), complete)
			}
		})
	}
}
