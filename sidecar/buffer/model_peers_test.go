package buffer

import (
	"context"
	"errors"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// modelStray is an update that waits for its home.
type modelStray struct {
	id    progress.Instant
	key   progress.Key
	seeks int64
}

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
		if x.key == k {
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

// merged accounts for a result of a merged update, or checks that it is a duplicate.
func (m *model) merged(t *rapid.T, u *progress.Update, r *Result) {
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	if e := (modelEvent{u.Key, u.EventID}); u.EventID != "" {
		if r.Duplicate != m.events[e] {
			t.Fatalf("event %q of %v: duplicate is %v", u.EventID, u.Key, r.Duplicate)
		}
		m.events[e] = true
	}
	if r.Duplicate {
		return
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
	m.removeStrays(func(x modelStray) bool { return x.key == k })
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
		})
	}
	results, err := m.b.PutFrom(context.Background(), id, number, items)
	if err != nil {
		t.Fatal(err)
	}
	s := &modelSender{number: number, items: items, seen: m.clock.Now()}
	for i := range items {
		if items[i].Reset {
			m.wasReset(items[i].Update.Key, &results[i])
		} else {
			m.merged(t, &items[i].Update, &results[i])
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
		e := modelEvent{u.Key, u.EventID}
		if results[i].Err != nil || results[i].Duplicate != m.events[e] {
			t.Fatalf("stray %d: %+v, known before: %v", i, results[i], m.events[e])
		}
		m.events[e] = true
		if results[i].Duplicate {
			continue
		}
		received := results[i].Record.ReceivedAt
		m.strays = append(m.strays, modelStray{received, u.Key, u.SeekEvents})
		m.account(u.Key, received, u.SeekEvents)
	}
	m.synced()
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
		m.removeStrays(func(x modelStray) bool {
			if x.id == id {
				m.elsewhere.add(x.key, sum{0, x.id, x.seeks, 1})
			}
			return x.id == id
		})
		m.synced()
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
			m.pending.add(x.key, sum{m.known(x.key).generation, x.id, x.seeks, 1})
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
		if got := (modelStray{x.ID, x.Update.Key, x.Update.SeekEvents}); got != m.strays[i] {
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
