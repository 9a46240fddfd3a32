package buffer

import (
	"context"
	"errors"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// eventID is what sidecars know the event by.
func (e modelEvent) eventID() spool.EventID {
	u := progress.Update{Key: e.key, EventID: e.id}
	return eventID(nil, spool.AppendKey(nil, e.key), &u)
}

// modelStray is an update that waits for its home.
type modelStray struct {
	id    progress.Instant
	event modelEvent
	seeks int64
	// again says that another sidecar has handed it on too, so that it is not dropped
	// for what was said of it before.
	again bool
}

// eventState is what became of an event.
type eventState int

const (
	isUnknown eventState = iota
	isStray
	isMerged
	// isHandedOn says that its home has it, and may have it as a stray, so that what
	// others hand on is not taken for a repeat of it.
	isHandedOn
	// isHandedOver says that another sidecar merged it.
	isHandedOver
)

// modelSender is the last batch of a process that hands updates on.
type modelSender struct {
	number     uint64
	items      []Item
	duplicates []bool
	seen       time.Time
}

// shown is what a reader is told of a key.
func (m *model) shown(k progress.Key) sum {
	s := m.known(k)
	for _, x := range m.strays {
		if x.event.key == k {
			s = s.plus(sum{s.generation, x.id, x.seeks, 1})
		}
	}
	return s
}

// removeStrays forgets those that gone is true for, and returns how many they were.
func (m *model) removeStrays(gone func(modelStray) bool) (n int) {
	var left []modelStray
	for _, x := range m.strays {
		if gone(x) {
			n++
		} else {
			left = append(left, x)
		}
	}
	m.strays = left
	return n
}

// repeats checks whether an update is a duplicate, and reports it. here says that it
// comes from nobody who may have the event as a stray.
func (m *model) repeats(t *rapid.T, u *progress.Update, r *Result, here bool) bool {
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	state := m.events[modelEvent{u.Key, u.EventID}]
	if want := u.EventID != "" && state != isUnknown && (here || state != isHandedOn); r.Duplicate != want {
		t.Fatalf("event %q of %v, which is %d: duplicate is %v", u.EventID, u.Key, state, r.Duplicate)
	}
	for i := range m.strays {
		if x := &m.strays[i]; !here && r.Duplicate && x.event == (modelEvent{u.Key, u.EventID}) {
			x.again = true
		}
	}
	return r.Duplicate
}

// forgetAgain is that the process has ended.
func (m *model) forgetAgain() {
	for i := range m.strays {
		m.strays[i].again = false
	}
}

// merged accounts for a result of a merged update, or checks that it is a duplicate.
func (m *model) merged(t *rapid.T, u *progress.Update, r *Result, here bool) {
	if m.repeats(t, u, r, here) {
		return
	}
	if u.EventID != "" {
		m.events[modelEvent{u.Key, u.EventID}] = isMerged
	}
	received := r.Record.ReceivedAt
	m.pending.add(u.Key, sum{m.known(u.Key).generation, received, u.SeekEvents, 1})
	m.account(u.Key, received, u.SeekEvents)
}

// account notes an accepted update of a key that is never reset.
func (m *model) account(k progress.Key, received progress.Instant, seeks int64) {
	for n := range resettable + 1 {
		if k == key(n) {
			m.accepted.add(k, sum{0, received, seeks, 1})
		}
	}
}

func (m *model) wasReset(k progress.Key, r *Result) {
	m.removeStrays(func(x modelStray) bool {
		if x.event.key == k {
			m.events[x.event] = isMerged
		}
		return x.event.key == k
	})
	m.pending.add(k, sum{generation: r.Record.Generation, received: r.Record.ReceivedAt})
}

// PutFrom hands on a batch: one that never came, the last one again, or an older one.
func (m *model) PutFrom(t *rapid.T) {
	id := SenderID{byte(rapid.IntRange(1, 3).Draw(t, "sender"))}
	last := m.senders[id]
	// One that was not seen for long may be forgotten or not.
	known := last != nil && m.clock.Now().Sub(last.seen) < senderAge
	switch what := rapid.SampledFrom([]string{"next", "next", "again", "older"}).Draw(t, "batch"); {
	case what == "again" && known:
		results, err := m.b.PutFrom(context.Background(), id, last.number, last.items)
		if err != nil {
			t.Fatal(err)
		}
		last.seen = m.clock.Now()
		for i, r := range results {
			k := last.items[i].Update.Key
			if got, want := sumOf(r.Record), m.shown(k); r.Err != nil || r.Duplicate != last.duplicates[i] || got != want {
				t.Fatalf("item %d again: %+v, want %+v, duplicate %v", i, r, want, last.duplicates[i])
			}
		}
	case what == "older" && known && last.number > 1:
		if _, err := m.b.PutFrom(context.Background(), id, last.number-1, last.items); !errors.Is(err, ErrSuperseded) {
			t.Fatalf("an older batch: %v", err)
		}
		return // nothing was waited for
	default:
		number := uint64(rapid.IntRange(1, 3).Draw(t, "gap"))
		if last != nil {
			number += last.number
		}
		m.senders[id] = m.handOn(t, id, number)
	}
	m.synced()
}

func (m *model) handOn(t *rapid.T, id SenderID, number uint64) *modelSender {
	var items []Item
	for range rapid.IntRange(0, 5).Draw(t, "items") {
		k := rapid.IntRange(1, 8).Draw(t, "key")
		items = append(items, Item{
			Update: progress.Update{
				Key: key(k), SeekEvents: int64(k), EventID: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "event"),
			},
			Reset: k > resettable && rapid.Bool().Draw(t, "reset"),
			Stray: rapid.Bool().Draw(t, "stray"),
		})
	}
	results, err := m.b.PutFrom(context.Background(), id, number, items)
	if err != nil {
		t.Fatal(err)
	}
	s := &modelSender{number: number, items: items, seen: m.clock.Now()}
	for i := range items {
		u := &items[i].Update
		switch {
		case items[i].Reset:
			m.wasReset(u.Key, &results[i])
		case items[i].Stray && u.EventID != "":
			m.kept(t, u, &results[i], false)
		default:
			m.merged(t, u, &results[i], false)
		}
		s.duplicates = append(s.duplicates, results[i].Duplicate)
	}
	return s
}

func (m *model) PutStray(t *rapid.T) {
	var updates []progress.Update
	for range rapid.IntRange(1, 4).Draw(t, "updates") {
		k := rapid.IntRange(1, 8).Draw(t, "key")
		updates = append(updates, progress.Update{
			Key: key(k), SeekEvents: int64(k), EventID: rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "event"),
		})
	}
	results, err := m.b.PutStray(context.Background(), updates)
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range updates {
		m.kept(t, &u, &results[i], true)
	}
	m.synced()
}

// kept accounts for a result of a stray, or checks that it is a duplicate.
func (m *model) kept(t *rapid.T, u *progress.Update, r *Result, here bool) {
	if m.repeats(t, u, r, here) {
		return
	}
	e := modelEvent{u.Key, u.EventID}
	m.events[e] = isStray
	m.strays = append(m.strays, modelStray{id: r.Record.ReceivedAt, event: e, seeks: u.SeekEvents})
	m.account(u.Key, r.Record.ReceivedAt, u.SeekEvents)
}

// someStrays are the ids of some.
func (m *model) someStrays(t *rapid.T) (ids []progress.Instant) {
	for _, x := range m.strays {
		if rapid.Bool().Draw(t, "this one") {
			ids = append(ids, x.id)
		}
	}
	return ids
}

// GoHome is that the home has taken some strays.
func (m *model) GoHome(t *rapid.T) {
	ids := m.someStrays(t)
	if err := m.b.DropStrays(context.Background(), ids); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		m.gone(func(x modelStray) bool { return x.id == id && !x.again }, isHandedOn)
		for i := range m.strays {
			if x := &m.strays[i]; x.id == id {
				x.again = false
			}
		}
		m.synced()
	}
}

// gone forgets strays that are elsewhere.
func (m *model) gone(which func(modelStray) bool, state eventState) {
	m.removeStrays(func(x modelStray) bool {
		if which(x) {
			m.elsewhere.add(x.event.key, sum{0, x.id, x.seeks, 1})
			m.events[x.event] = state
		}
		return which(x)
	})
}

// Remember takes the ids of events that another sidecar merged.
func (m *model) Remember(t *rapid.T) {
	var ids []spool.EventID
	for range rapid.IntRange(1, 4).Draw(t, "ids") {
		e := modelEvent{key(rapid.IntRange(1, 8).Draw(t, "key")), rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "event")}
		ids = append(ids, e.eventID())
		m.gone(func(x modelStray) bool { return x.event == e }, isHandedOver)
		if m.events[e] == isUnknown || m.events[e] == isHandedOn {
			m.events[e] = isHandedOver
		}
	}
	if err := m.b.RememberEventIDs(context.Background(), ids); err != nil {
		t.Fatal(err)
	}
	m.synced()
}

// checkEventIDs compares the ids that others may be told of.
func (m *model) checkEventIDs(t *rapid.T) {
	first := learnerhash.Of(key(1).UserID)
	told, ofFirst := m.b.EventIDsWhere(everyLearner), m.b.EventIDsWhere(func(learner uint64) bool { return learner == first })
	want, wantOfFirst := 0, 0
	for e, state := range m.events {
		merged := state == isMerged || state == isHandedOver
		if merged != slices.Contains(told, e.eventID()) {
			t.Fatalf("event %q of %v is %d, others are told of it: %v", e.id, e.key, state, !merged)
		}
		if merged {
			want++
		}
		if merged && e.key == key(1) {
			wantOfFirst++
		}
	}
	checkWindow(t, &m.b.handedOver)
	for _, l := range m.b.lanes {
		checkWindow(t, &l.events)
	}
	if len(told) != want || len(ofFirst) != wantOfFirst {
		t.Fatalf("others are told of %d events, %d of a learner, want %d and %d", len(told), len(ofFirst), want, wantOfFirst)
	}
}

// checkWindow compares the counts of a window with its ids.
func checkWindow(t rapid.TB, w *eventWindow) {
	count, kinds := 0, eventKinds{}
	for _, s := range w.segments {
		of := eventKinds{}
		for _, kind := range s.ids {
			of[kind]++
			kinds[kind]++
			count++
		}
		if of != s.kinds {
			t.Fatalf("segment %d has %v ids of each kind and counts %v", s.opened, of, s.kinds)
		}
	}
	if count != w.count || kinds != w.kinds {
		t.Fatalf("%d ids, %v of each kind, counted are %d and %v", count, kinds, w.count, w.kinds)
	}
}

// Take merges some strays here.
func (m *model) Take(t *rapid.T) {
	ids := m.someStrays(t)
	taken, err := m.b.TakeStrays(context.Background(), append(ids, ids...))
	if err != nil || taken != len(ids) {
		t.Fatalf("%v: %d of %d strays were taken", err, taken, len(ids))
	}
	for _, id := range ids {
		m.took(id)
	}
}

func (m *model) took(id progress.Instant) {
	m.removeStrays(func(x modelStray) bool {
		if x.id == id {
			m.pending.add(x.event.key, sum{m.known(x.event.key).generation, x.id, x.seeks, 1})
			m.events[x.event] = isMerged
		}
		return x.id == id
	})
	m.synced()
}

func (m *model) takeAll(t *rapid.T) {
	if left, err := m.b.TakeAllStrays(context.Background()); err != nil || left != 0 {
		t.Fatalf("%v: %d strays stay", err, left)
	}
	for len(m.strays) > 0 {
		m.took(m.strays[0].id)
	}
}

// checkStrays compares them, in the order of their arrival, and their indexes.
func (m *model) checkStrays(t *rapid.T) {
	strays, more := m.b.Strays(0, 1000)
	if len(strays) != len(m.strays) || more || m.b.Stats().Strays != int64(len(strays)) {
		t.Fatalf("%d strays, want %d", len(strays), len(m.strays))
	}
	for i, x := range strays {
		if got := (modelStray{x.ID, modelEvent{x.Update.Key, x.Update.EventID}, x.Update.SeekEvents, m.strays[i].again}); got != m.strays[i] {
			t.Fatalf("stray %d is %+v, want %+v", i, got, m.strays[i])
		}
	}
	for _, l := range m.b.lanes {
		checkStraySet(t, &l.strays)
	}
}

// checkStraySet compares the indexes of a set with its order.
func checkStraySet(t rapid.TB, s *straySet) {
	keys, learners := 0, 0
	for key, all := range s.keys {
		keys += len(all)
		if _, ok := s.learners[all[0].Update.UserID][key]; !ok {
			t.Fatalf("%v is not found by its learner", all[0].Update.Key)
		}
	}
	for _, of := range s.learners {
		learners += len(of)
	}
	for i, x := range s.waiting {
		if s.get(x.ID) != x || !s.has(x.event) || i > 0 && s.waiting[i-1].ID >= x.ID {
			t.Fatalf("stray %d is not found, or out of order", i)
		}
	}
	if keys != len(s.waiting) || learners != len(s.keys) || len(s.events) != len(s.waiting) {
		t.Fatalf("%d strays, by key %d, by event %d; %d keys, by learner %d", len(s.waiting), keys, len(s.events), len(s.keys), learners)
	}
}
