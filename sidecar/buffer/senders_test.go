package buffer

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func senderID(n int) (id SenderID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

func TestASenderIsForgotten(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(s *senders) []SenderID
		want []SenderID
	}{
		"not while it is seen": {func(s *senders) []SenderID {
			return s.expire(senderAge - 1)
		}, nil},
		"when it was not seen for as long as senders are known": {func(s *senders) []SenderID {
			s.set(senderID(1), 2, nil, time.Second)
			return s.expire(senderAge)
		}, []SenderID{senderID(2), senderID(3)}},
		"not when it has sent its last batch again": {func(s *senders) []SenderID {
			s.see(s.of(senderID(2)), time.Second)
			return s.expire(senderAge)
		}, []SenderID{senderID(1), senderID(3)}},
		"when there are too many, the one that was seen longest ago first": {func(s *senders) []SenderID {
			s.see(s.of(senderID(1)), time.Second)
			var forgotten []SenderID
			for n := range maxSenders - 1 {
				_, gone := s.set(senderID(10+n), 1, nil, time.Second)
				forgotten = append(forgotten, gone...)
			}
			return forgotten
		}, []SenderID{senderID(2), senderID(3)}},
		"when too many items were not merged, until the others fit": {func(s *senders) []SenderID {
			s.set(senderID(1), 2, make([]spool.Unmerged, maxUnmerged), time.Second)
			_, gone := s.set(senderID(4), 1, make([]spool.Unmerged, 1), time.Second)
			return gone
		}, []SenderID{senderID(2), senderID(3), senderID(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSenders()
			for n := 1; n <= 3; n++ {
				s.set(senderID(n), 1, nil, 0)
			}
			got := tt.do(&s)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			runs := 0
			for _, id := range s.ids() {
				runs += len(s.of(id).unmerged)
			}
			if runs != s.runs || s.order.Len() != len(s.known) {
				t.Errorf("%d runs, counted are %d; %d senders, %d in their order", runs, s.runs, len(s.known), s.order.Len())
			}
		})
	}
}

// What a sender is told the second time must be what it was told the first time.
func TestWhatWasNotMergedIsToldAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outcomes := []Result{{}, {}, {Duplicate: true}, {Err: ErrFull}, {Err: ErrRange}, {Err: ErrErased}}
		want := rapid.SliceOf(rapid.SampledFrom(outcomes)).Draw(t, "results")
		got := make([]Result, len(want))
		runs := unmergedOf(want)
		fillUnmerged(got, runs)
		if !slices.Equal(want, got) {
			t.Fatalf("%v, then %v", want, got)
		}
		if len(want) > 0 {
			fillUnmerged(got[:len(got)-1], runs) // a shorter batch has nothing beyond its end
		}
	})
}
