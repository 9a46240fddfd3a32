package handover

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// desk is the sidecar a with its memory of events, and what it sends to others.
type desk struct {
	*Handover
	lock   sync.Mutex // of what follows
	events []spool.EventID
	taken  []spool.EventID
	fails  error // of the disk
	away   map[string]bool
	moves  []move                   // since the last write
	sent   map[string][]wire.Events // by letter
	missed int
}

func newDesk() *desk {
	d := &desk{away: map[string]bool{}, sent: map[string][]wire.Events{}}
	d.Handover = New(Options{
		Writer: writerOf("a"), Owner: ownerOf("a"), Events: d, Sent: func(int) {},
		MoveOut: d.moveOut,
		Missed: func() {
			d.lock.Lock()
			defer d.lock.Unlock()
			d.missed++
		},
		Send: func(_ context.Context, to uuid.UUID, page *wire.Events) error {
			d.lock.Lock()
			defer d.lock.Unlock()
			name := namesOf([]uuid.UUID{to})
			if d.away[name] {
				return errAway
			}
			d.sent[name] = append(d.sent[name], *page)
			return nil
		},
	})
	return d
}

func (d *desk) isAway(name string, away bool) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.away[name] = away
}

func (d *desk) misses() int {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.missed
}

// EventIDsWhere implements Events.
func (d *desk) EventIDsWhere(is func(learner uint64) bool) (ids []spool.EventID) {
	d.lock.Lock()
	defer d.lock.Unlock()
	for _, id := range d.events {
		if is(id.Learner()) {
			ids = append(ids, id)
		}
	}
	return ids
}

// RememberEventIDs implements Events.
func (d *desk) RememberEventIDs(_ context.Context, ids []spool.EventID) error {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.taken = append(d.taken, ids...)
	return d.fails
}

// move is what was made due, of the learners who were away then.
type move struct {
	away    func(userID string) bool
	written chan struct{}
}

func (d *desk) moveOut(away func(userID string) bool) func(context.Context) error {
	m := move{away, make(chan struct{})}
	d.lock.Lock()
	defer d.lock.Unlock()
	d.moves = append(d.moves, m)
	return func(ctx context.Context) error {
		select {
		case <-m.written:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// write writes what was made due.
func (d *desk) write() {
	d.lock.Lock()
	defer d.lock.Unlock()
	for _, m := range d.moves {
		close(m.written)
	}
	d.moves = nil
}

// got is what another sidecar has by now: the ids, and whether it was told that these
// are all of some candidates, and for the last time.
type got struct {
	ids     int
	of      string
	goodbye bool
}

// others are what b and c have got since the last call.
func (d *desk) others(views ...string) map[string]got {
	d.lock.Lock()
	defer d.lock.Unlock()
	all := map[string]got{}
	for name, pages := range d.sent {
		var g got
		for _, p := range pages {
			g.ids += len(p.IDs)
			for _, v := range views {
				if p.Last && p.View == digest(setOf(v)) {
					g.of = v
				}
			}
			g.goodbye = g.goodbye || p.Last && p.Leaving
		}
		all[name] = g
	}
	clear(d.sent)
	return all
}

// run runs a desk in a bubble until do returns.
func run(t *testing.T, do func(t *testing.T, d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			d.Run(ctx)
		}()
		do(t, d)
		cancel()
		<-ended
	})
}

func (d *desk) expect(t *testing.T, what string, want map[string]got, views ...string) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, d.others(views...), cmp.AllowUnexported(got{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (d *desk) merged(t *testing.T, homes ...home) {
	t.Helper()
	var id spool.EventID
	learner := learnerOf(t, homes...)
	for i := range 8 {
		id[i] = byte(learner >> (56 - 8*i))
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	id[15] = byte(len(d.events))
	d.events = append(d.events, id)
}

func TestIDsGoWithTheirLearners(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.merged(t, home{"a", "a b"}, home{"a", "a b c"}, home{"c", "b c"})
		d.merged(t, home{"a", "a b"}, home{"c", "a b c"})
		d.merged(t, home{"b", "a b"}, home{"b", "a b c"})
		d.Follow(setOf("a b"))
		d.expect(t, "at its start, all that it has of others' learners", map[string]got{"b": {1, "a b", false}}, "a b")
		d.Follow(setOf("a b c"))
		d.expect(t, "when c joins, those of learners who go there", map[string]got{"b": {0, "a b c", false}, "c": {1, "a b c", false}}, "a b c")
		d.Leaving()
		d.Follow(setOf("b c"))
		d.expect(t, "and the rest when it leaves", map[string]got{"b": {0, "b c", true}, "c": {1, "b c", true}}, "b c")
	})
}

func TestWhatCouldNotBeSentGoesToTheHomeOfTheMoment(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.merged(t, home{"a", "a b"}, home{"c", "a b c"}, home{"d", "a b c d"})
		d.Follow(setOf("a b"))
		synctest.Wait()
		d.others()
		d.isAway("c", true)
		d.Follow(setOf("a b c"))
		d.expect(t, "c is away", map[string]got{"b": {0, "a b c", false}}, "a b c")
		d.Follow(setOf("a b c d"))
		d.expect(t, "d comes", map[string]got{"b": {0, "a b c d", false}, "d": {1, "a b c d", false}}, "a b c d")
		d.isAway("c", false)
		<-time.After(retryMost)
		d.expect(t, "c is back", map[string]got{"c": {0, "a b c d", false}}, "a b c d")
	})
}

func TestGoodByeIsSaidWhenAllHaveTheirIDs(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.merged(t, home{"a", "a b c"}, home{"c", "b c"})
		d.Follow(setOf("a b c"))
		synctest.Wait()
		d.others()
		d.isAway("c", true)
		d.Leaving()
		d.Follow(setOf("b c"))
		d.expect(t, "b must wait for what c has to get", map[string]got{}, "b c")
		if d.misses() == 0 {
			t.Error("nobody asks whether c has left")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d.Follow(setOf("b"))
		if err := d.AwaitLeft(ctx, following(d.Handover)); err != nil {
			t.Error(err)
		}
		d.expect(t, "without c", map[string]got{"b": {1, "b", true}}, "b")
		d.Again()
		if err := d.AwaitLeft(ctx, following(d.Handover)); err != nil {
			t.Error(err)
		}
		d.expect(t, "and once more", map[string]got{"b": {1, "b", true}}, "b")
	})
}

func TestNothingIsHandedOverBeforeWhatMergesByTheOldSetHasEnded(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a"))
		synctest.Wait()
		v, end := d.Use()
		d.Follow(setOf("a b"))
		d.expect(t, "while somebody merges", map[string]got{})
		d.merged(t, home{"a", "a"}, home{"b", "a b"})
		select {
		case <-v.Replaced():
		default:
			t.Error("the set in use is not replaced")
		}
		end()
		d.expect(t, "after that", map[string]got{"b": {1, "a b", false}}, "a b")
		d.End()
		if v, end := d.Use(); v != nil {
			end()
			t.Error("it is used after its end")
		}
	})
}

// In a large fleet most changes are none of the candidates'.
func TestWhatChangesNoHomeIsNotToldAgain(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a b"))
		d.expect(t, "at the start", map[string]got{"b": {0, "a b", false}}, "a b")
		for range 1000 {
			d.Follow(setOf("a b"))
		}
		d.expect(t, "when addresses or keys change", map[string]got{}, "a b")
		if n := len(d.job.replaced); n > 1 {
			t.Errorf("%d sets of before are kept", n)
		}
		d.merged(t, home{"a", "a b"}, home{"c", "a b c"})
		d.Follow(setOf("a b c"))
		d.expect(t, "when homes change", map[string]got{"b": {0, "a b c", false}, "c": {1, "a b c", false}}, "a b c")
	})
}

func TestOneThatIsNoCandidateIsSilent(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("b c"))
		d.expect(t, "with nothing to hand over", map[string]got{})
	})
}

func TestWhatASidecarTakes(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a b"))
		learner := learnerOf(t, home{"a", "a b"})
		may := func() bool { return hasAll(d.View().Set, *d.View().past.Load(), learner) }
		page := &wire.Events{Writer: writerOf("b"), Owner: ownerOf("b"), View: digest(setOf("a b")), Last: true, IDs: make([]spool.EventID, 1)}
		d.fails = errors.New("the disk is full")
		if err := d.Take(t.Context(), page); err == nil || may() {
			t.Errorf("what the disk does not have counts: %v", err)
		}
		d.fails = nil
		if err := d.Take(t.Context(), page); err != nil || !may() || len(d.taken) != 2 {
			t.Errorf("%v, it merges: %v", err, may())
		}
		d.Leaving()
		if err := d.Take(t.Context(), page); !errors.Is(err, ErrLeaving) {
			t.Errorf("one that leaves: %v", err)
		}
	})
}

func TestAHomeMergesWhenTheOthersPatienceIsOver(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a b"))
		learner := learnerOf(t, home{"a", "a b"})
		may := func() bool { synctest.Wait(); return hasAll(d.View().Set, *d.View().past.Load(), learner) }
		<-time.After(Patience - time.Millisecond)
		if may() {
			t.Error("it merges too early")
		}
		<-time.After(time.Millisecond)
		if !may() {
			t.Error("it waits for ever")
		}
	})
}

// A sidecar that leaves does not hear of candidates that come after it has said so.
func TestIDsOfOneThatLeavesGoOnToALearnersHome(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a b c d"))
		synctest.Wait()
		d.others()
		learner := learnerOf(t, home{"a", "a b"}, home{"c", "a b c d"})
		var id spool.EventID
		for i := range 8 {
			id[i] = byte(learner >> (56 - 8*i))
		}
		page := &wire.Events{Writer: writerOf("d"), Owner: ownerOf("d"), View: digest(setOf("a b")), Leaving: true, IDs: []spool.EventID{id}}
		if err := d.Take(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		d.expect(t, "c is the home", map[string]got{"b": {0, "a b c d", false}, "c": {1, "a b c d", false}, "d": {0, "a b c d", false}}, "a b c d")
		if d.misses() != 1 {
			t.Error("nobody asks whether d has left")
		}
	})
}
