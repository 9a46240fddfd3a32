package peers

import (
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
)

// write does what the flusher does, with all that is due soon.
func (s *sidecar) write() {
	s.t.Helper()
	for lane := range s.buffer.Lanes() {
		batches, err := s.buffer.FreezeRound(lane, time.Now().Add(movedWithin), 1000, 100)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, b := range batches {
			if err := s.buffer.ConfirmThrough(lane, b.Number); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// mayMerge reports whether s is the learner's home and has the event ids that others had.
func (s *sidecar) mayMerge(learner string) bool {
	m, end := s.use()
	defer end()
	return m != nil && m.Merges(learner)
}

// Where the database is slow, what a learner did a moment ago is in it after seconds or
// minutes. Until then the learner's new home must not call its answer the newest.
func TestANewHomeMayBeBehindUntilTheOneBeforeHasWritten(t *testing.T) {
	t.Parallel()
	registry := newTable()
	a, b := newSidecar(t, registry, config.PeersAuto), newSidecar(t, registry, config.PeersAuto)
	a.run("a")
	a.knows(1)
	two := members.New(members.Member{Writer: b.o.Writer}, []members.Member{{Writer: a.o.Writer}})
	moves := learnerWhose(func(name string) bool { _, isB := two.Home(name); return isB })
	remains := learnerWhose(func(name string) bool { _, isB := two.Home(name); return !isB })
	a.put(of(moves, "e"))
	b.run("b")
	kit.Eventually(t, "b to have the learner's event ids", func() error {
		return kit.Unless(b.mayMerge(moves), b.Status())
	})
	if !b.MayBeBehind(moves) || a.MayBeBehind(remains) {
		t.Error("b does not say that a has something to write, or a waits for b")
	}
	a.put(of(remains, ""))
	kit.Eventually(t, "b to hear that a has written", func() error {
		a.write()
		return kit.Unless(!b.MayBeBehind(moves), b.Status())
	})
	if a.holds(moves) || !a.holds(remains) {
		t.Error("a has not written what b waits for, or has written more")
	}
}

// One that has not heard of a change yet hands on to the home of before, whose readers
// have gone.
func TestWhatComesToAFormerHomeIsDueAtOnce(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	moved, reset, own := learnerOf(a, b), learnerOf(a, b), learnerOf(a, a)
	h := &home{&a.o, a.term.Load().use, a.term.Load().isAway}
	updates, resets := []progress.Update{of(moved, ""), of(own, "")}, []progress.Key{of(reset, "").Key}
	if _, err := h.PutFrom(t.Context(), [16]byte{1}, 1, updates, resets); err != nil {
		t.Fatal(err)
	}
	a.write()
	for learner, stays := range map[string]bool{moved: false, reset: false, own: true} {
		if a.holds(learner) != stays {
			t.Errorf("%s: it holds something: %v, want %v", learner, !stays, stays)
		}
	}
}

// learnerWhose home is as wanted.
func learnerWhose(home func(name string) bool) (name string) {
	for i := 0; ; i++ {
		if name = fmt.Sprint("learner ", i); home(name) {
			return name
		}
	}
}
