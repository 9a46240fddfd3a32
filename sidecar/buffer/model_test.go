package buffer

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// sum is all that the model knows of a record.
type sum struct {
	generation     progress.Instant
	received       progress.Instant
	seeks, updates int64
}

// raise is what a sum becomes that meets one of a later reset.
func (s sum) raise(generation progress.Instant) sum {
	if s.generation < generation && s.received > generation {
		s.generation = generation
	}
	return s
}

func (s sum) plus(o sum) sum {
	switch {
	case s.generation > o.generation:
		return s
	case s.generation < o.generation:
		return o
	}
	return sum{s.generation, max(s.received, o.received), s.seeks + o.seeks, s.updates + o.updates}
}

func sumOf(r progress.Record) sum {
	return sum{r.Generation, r.ReceivedAt, r.SeekEvents, r.UpdateCount}
}

// timeless is the sum without the time of its last update.
func (s sum) timeless() sum {
	s.received = 0
	return s
}

type sums map[progress.Key]sum

func (s sums) add(k progress.Key, v sum) { s[k] = s[k].plus(v) }

type modelBatch struct {
	number  uint64
	records sums
}

type modelLane struct {
	frozen    []modelBatch
	confirmed []modelBatch // since the last write that was waited for
	ledger    uint64       // the database's number
	applied   []modelBatch // what it has, in order
}

// model is the buffer and its database as plain sums.
type model struct {
	t       *rapid.T
	b       *Buffer
	fs      *disktest.Disk
	clock   *testClock
	opts    Options
	pending sums
	dead    sums
	lanes   []modelLane
	// accepted holds every update of the keys that are never reset.
	accepted sums
	events   map[modelEvent]eventState
	strays   []modelStray // in the order of their arrival
	senders  map[SenderID]*modelSender
	// elsewhere holds the strays that their home has.
	elsewhere sums
}

type modelEvent struct {
	key progress.Key
	id  string
}

// resettable are the keys above it; those up to it are accounted for.
const resettable = 6

func (m *model) open() {
	m.opts.FS = m.fs
	b, err := Open(m.opts)
	if err != nil {
		m.t.Fatalf("opening: %v", err)
	}
	m.b = b
}

func (m *model) Put(t *rapid.T) {
	keys := rapid.SliceOfN(rapid.IntRange(1, 8), 1, 6).Draw(t, "keys")
	var updates []progress.Update
	for _, k := range keys {
		updates = append(updates, progress.Update{
			Key: key(k), SeekEvents: int64(k),
			EventID: rapid.SampledFrom([]string{"", "", "a", "b", "c"}).Draw(t, "event"),
		})
	}
	results, err := m.b.Put(context.Background(), updates)
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range updates {
		m.merged(t, &u, &results[i], true)
	}
	if got, want := sumOf(results[len(results)-1].Record), m.shown(updates[len(updates)-1].Key); got != want && want.updates > 0 {
		t.Fatalf("optimistic record %+v, want %+v", got, want)
	}
	m.synced()
}

func (m *model) Reset(t *rapid.T) {
	k := key(rapid.IntRange(resettable+1, 8).Draw(t, "key"))
	results, err := m.b.Reset(context.Background(), []progress.Key{k})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	m.wasReset(k, &results[0])
	m.synced()
}

// known is what is pending or frozen of a key.
func (m *model) known(k progress.Key) sum {
	s := m.pending[k]
	for _, l := range m.lanes {
		for _, b := range l.frozen {
			s = s.plus(b.records[k])
		}
	}
	return s
}

// synced notes that the disk now has all confirmations so far.
func (m *model) synced() {
	for i := range m.lanes {
		m.lanes[i].confirmed = nil
	}
}

func (m *model) lane(t *rapid.T) int { return rapid.IntRange(0, len(m.lanes)-1).Draw(t, "lane") }

func (m *model) Freeze(t *rapid.T) {
	lane := m.lane(t)
	if rapid.Bool().Draw(t, "forced") {
		m.b.MakeDue(Filter{})
	} else {
		m.clock.Advance(time.Duration(rapid.IntRange(0, 240).Draw(t, "seconds")) * time.Second)
	}
	size, most := rapid.IntRange(1, 4).Draw(t, "batch size"), rapid.IntRange(1, 3).Draw(t, "batches")
	round, err := m.b.FreezeRound(lane, m.clock.Now(), size, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range round {
		records := sums{}
		for _, r := range batch.Records {
			if sumOf(r) != m.pending[r.Key] {
				t.Fatalf("froze %+v, pending was %+v", sumOf(r), m.pending[r.Key])
			}
			records[r.Key] = sumOf(r)
			delete(m.pending, r.Key)
		}
		m.lanes[lane].frozen = append(m.lanes[lane].frozen, modelBatch{batch.Number, records})
	}
	if len(round) > 0 {
		m.synced()
	}
}

// Apply writes the lane's first batches into the database, if the ledger lets it.
func (m *model) Apply(t *rapid.T) {
	lane := m.lane(t)
	l := &m.lanes[lane]
	frozen := m.b.Frozen(lane)
	if len(frozen) == 0 {
		return
	}
	prev := m.b.Applied(lane)
	for _, b := range frozen[:rapid.IntRange(1, len(frozen)).Draw(t, "batches")] {
		m.apply(t, l, prev, b)
		prev = b.Number
	}
}

func (m *model) apply(t *rapid.T, l *modelLane, prev uint64, b progress.Batch) {
	if l.ledger >= b.Number {
		return
	}
	if l.ledger != prev {
		t.Fatalf("batch %d follows on %d, the ledger is at %d", b.Number, prev, l.ledger)
	}
	records := sums{}
	for _, r := range b.Records {
		records[r.Key] = sumOf(r)
	}
	l.ledger = b.Number
	l.applied = append(l.applied, modelBatch{b.Number, records})
}

// Confirm confirms some of the lane's batches that the ledger says were applied.
func (m *model) Confirm(t *rapid.T) {
	lane := m.lane(t)
	l := &m.lanes[lane]
	applied := 0
	for applied < len(l.frozen) && l.frozen[applied].number <= l.ledger {
		applied++
	}
	if applied == 0 {
		return
	}
	n := rapid.IntRange(1, applied).Draw(t, "batches")
	if err := m.b.ConfirmThrough(lane, l.frozen[n-1].number); err != nil {
		t.Fatal(err)
	}
	l.confirmed = append(l.confirmed, l.frozen[:n]...)
	l.frozen = slices.Clone(l.frozen[n:])
}

// Refuse is the database refusing the first batch for its data.
func (m *model) Refuse(t *rapid.T) {
	lane := m.lane(t)
	l := &m.lanes[lane]
	if len(l.frozen) == 0 || l.ledger >= l.frozen[0].number {
		return
	}
	first := l.frozen[0]
	if len(first.records) == 0 {
		return // there is nothing to refuse
	}
	l.frozen = l.frozen[1:]
	if rapid.Bool().Draw(t, "keep it") {
		m.postpone(t, lane, first)
		m.synced()
		return
	}
	if len(first.records) == 1 {
		if err := m.b.Quarantine(lane, first.number, DeadLetterReason{SQLState: "22003"}); err != nil {
			t.Fatal(err)
		}
		for k, s := range first.records {
			m.dead.add(k, s.raise(m.dead[k].generation))
		}
	} else {
		if err := m.b.Split(lane, first.number); err != nil {
			t.Fatal(err)
		}
		for _, b := range m.b.Frozen(lane)[len(l.frozen):] {
			records := sums{}
			for _, r := range b.Records {
				records[r.Key] = first.records[r.Key]
			}
			l.frozen = append(l.frozen, modelBatch{b.Number, records})
		}
	}
	m.synced()
}

// postpone keeps the first batch of the lane, in one with another of the same key
// if there is one.
func (m *model) postpone(t *rapid.T, lane int, first modelBatch) {
	l := &m.lanes[lane]
	for i, other := range l.frozen {
		for k := range first.records {
			_, same := other.records[k]
			if len(first.records) != 1 || len(other.records) != 1 || !same {
				continue
			}
			number, err := m.b.Unite(lane, first.number, other.number)
			if err != nil {
				t.Fatal(err)
			}
			united := sums{k: other.records[k].raise(first.records[k].generation)}
			united.add(k, first.records[k])
			l.frozen = append(slices.Delete(l.frozen, i, i+1), modelBatch{number, united})
			return
		}
	}
	number, err := m.b.Postpone(lane, first.number)
	if err != nil {
		t.Fatal(err)
	}
	l.frozen = append(l.frozen, modelBatch{number, first.records})
}

// Replay gives one of the dead letters another chance.
func (m *model) Replay(t *rapid.T) {
	letters, _, err := m.b.ListDeadLetters(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(letters) == 0 {
		return
	}
	dl := rapid.SampledFrom(letters).Draw(t, "letter")
	if err := m.b.ReplayDeadLetter(dl.ID); err != nil {
		t.Fatal(err)
	}
	k := dl.Record.Key
	if s, ok := m.pending[k]; ok {
		m.pending[k] = s.raise(m.dead[k].generation)
	}
	m.pending.add(k, m.dead[k])
	delete(m.dead, k)
	m.synced()
}

// Erase takes a learner out of everything, the database included. What was
// accepted before is not asked for any more.
func (m *model) Erase(t *rapid.T) {
	k := key(rapid.IntRange(1, 8).Draw(t, "learner"))
	want := Erased{}
	count := func(n *int, from sums) {
		if _, ok := from[k]; ok {
			*n++
		}
		delete(from, k)
	}
	count(&want.Pending, m.pending)
	want.Pending += m.removeStrays(func(x modelStray) bool { return x.event.key == k })
	delete(m.elsewhere, k)
	count(&want.DeadLetters, m.dead)
	delete(m.accepted, k)
	for e := range m.events {
		if e.key == k {
			delete(m.events, e)
			want.EventIDs++
		}
	}
	for _, l := range m.lanes {
		for _, b := range l.frozen {
			count(&want.Frozen, b.records)
		}
		for _, b := range slices.Concat(l.confirmed, l.applied) {
			delete(b.records, k)
		}
	}
	got, err := m.b.Erase(context.Background(), k.UserID)
	if err != nil {
		t.Fatal(err)
	}
	done := got.Erasure
	got.Erasure, got.Confirmed = Erasure{}, 0
	if got != want {
		t.Fatalf("erased %+v, want %+v", got, want)
	}
	m.synced()
	if rapid.Bool().Draw(t, "done") {
		if err := m.b.ErasureDone(done); err != nil {
			t.Fatal(err)
		}
		if err := m.b.ForgetErasure(done); err != nil {
			t.Fatal(err)
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "checkpoint") == 0 {
		if err := m.b.Checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// Rewind is a failover to a replica that lagged; what it lacks is replayed.
func (m *model) Rewind(t *rapid.T) {
	lane := m.lane(t)
	l := &m.lanes[lane]
	if len(l.applied) == 0 || l.ledger != m.b.Applied(lane) {
		return
	}
	n := rapid.IntRange(0, len(l.applied)-1).Draw(t, "left")
	l.applied = l.applied[:n]
	l.ledger = 0
	if n > 0 {
		l.ledger = l.applied[n-1].number
	}
	batches, complete := m.b.Replayable(lane, l.ledger)
	if !complete {
		t.Fatalf("batches after %d are missing: %+v", l.ledger, batches)
	}
	for _, b := range batches {
		m.apply(t, l, l.ledger, b)
	}
	if l.ledger != m.b.Applied(lane) {
		t.Fatalf("replayed up to %d, applied was %d", l.ledger, m.b.Applied(lane))
	}
}

func (m *model) Restart(t *rapid.T) {
	if err := m.b.Close(); err != nil {
		t.Fatal(err)
	}
	m.open()
	m.forgetAgain()
	m.synced()
}

// Crash goes on with a disk that lost some of what was not waited for.
func (m *model) Crash(t *rapid.T) {
	after := m.fs.Crashed(
		rapid.SampledFrom([]int{0, 0, 50, 100}).Draw(t, "unsynced percent kept"),
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)),
	)
	if err := m.b.Close(); err != nil {
		t.Fatal(err)
	}
	m.fs = after
	m.open()
	m.forgetAgain()
	for i := range m.lanes {
		l := &m.lanes[i]
		back := len(m.b.Frozen(i)) - len(l.frozen)
		if back < 0 || back > len(l.confirmed) {
			t.Fatalf("lane %d: %d batches came back frozen, %d could have", i, back, len(l.confirmed))
		}
		l.frozen = slices.Concat(l.confirmed[len(l.confirmed)-back:], l.frozen)
	}
	m.synced()
}

// Check compares the buffer with the model after every step.
func (m *model) Check(t *rapid.T) {
	want := sums{}
	for k, s := range m.pending {
		want.add(k, s)
	}
	inFlight := 0
	for i, l := range m.lanes {
		frozen := m.b.Frozen(i)
		if len(frozen) != len(l.frozen) {
			t.Fatalf("lane %d has %d frozen batches, want %d", i, len(frozen), len(l.frozen))
		}
		for j, b := range frozen {
			records := sums{}
			for _, r := range b.Records {
				records[r.Key] = sumOf(r)
				want.add(r.Key, sumOf(r))
			}
			inFlight += len(b.Records)
			if diff := cmp.Diff(l.frozen[j], modelBatch{b.Number, records}, cmp.AllowUnexported(modelBatch{}, sum{})); diff != "" {
				t.Fatalf("lane %d: %s", i, diff)
			}
		}
	}
	for _, x := range m.strays {
		want.add(x.event.key, sum{want[x.event.key].generation, x.id, x.seeks, 1})
	}
	got := sums{}
	var tally Tally
	for _, h := range m.b.Unsaved(Filter{}) {
		got[h.Record.Key] = sumOf(h.Record)
		tally.Records++
		tally.PendingUpdates += h.PendingUpdates
		tally.InFlightUpdates += h.InFlightUpdates
	}
	counted := m.b.Tally(Filter{})
	if counted.NextDue = (time.Time{}); counted != tally {
		t.Fatalf("tally %+v, held %+v", counted, tally)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sum{})); diff != "" {
		t.Fatalf("held: %s", diff)
	}
	s := m.b.Stats()
	if s.Pending != int64(len(m.pending)+len(m.strays)) || s.InFlight != int64(inFlight) || s.DeadLetters != int64(len(m.dead)) {
		t.Fatalf("stats %+v, want %d pending, %d in flight, %d dead letters", s, len(m.pending), inFlight, len(m.dead))
	}
	letters, more, err := m.b.ListDeadLetters(0, 100)
	if err != nil || more {
		t.Fatal(err, more)
	}
	dead := sums{}
	for _, dl := range letters {
		dead[dl.Record.Key] = sumOf(dl.Record)
	}
	if diff := cmp.Diff(m.dead, dead, cmp.AllowUnexported(sum{})); diff != "" {
		t.Fatalf("dead letters: %s", diff)
	}
	m.checkIndexes(t)
	m.checkStrays(t)
	m.checkEventIDs(t)
}

// checkIndexes compares the lane's orders with its map.
func (m *model) checkIndexes(t *rapid.T) {
	for _, l := range m.b.lanes {
		var aged, byUser, urgent, waitingUpdates int64
		for e := l.pending.order.age.head; e != nil; e = e.links[byAge].next {
			aged++
			if e.turn != 0 {
				urgent++
			}
			waitingUpdates += e.record.Accepted()
			l.pending.each(Filter{UserID: e.record.UserID}, func(found *entry) {
				if found == e {
					byUser++
				}
			})
		}
		inTurn := int64(0)
		for e := l.pending.order.urgent.head; e != nil; e = e.links[byTurn].next {
			inTurn++
		}
		if n := int64(len(l.pending.entries)); aged != n || byUser != n || urgent != inTurn || waitingUpdates != l.pending.updates {
			t.Fatalf("lane %d: %d pending, by age %d, by learner %d, urgent %d and %d, updates %d and %d",
				l.number, n, aged, byUser, urgent, inTurn, waitingUpdates, l.pending.updates)
		}
	}
}

func TestNothingIsLostOrDoubledWhateverHappensInWhateverOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{
			t: t, fs: disktest.New(), clock: newTestClock(), pending: sums{}, dead: sums{}, accepted: sums{}, events: map[modelEvent]eventState{},
			senders: map[SenderID]*modelSender{}, elsewhere: sums{},
		}
		p := testPolicy()
		p.ReplayWindow = 1000 * time.Hour
		p.EventIDs = EventIDs{MaxCount: 10_000}
		m.opts = Options{Dir: spoolDir, Now: m.clock.Now, Policy: p, FreeBytes: plentyFree}
		m.open()
		m.lanes = make([]modelLane, m.b.Lanes())
		defer func() {
			if err := m.b.Close(); err != nil {
				t.Fatal(err)
			}
		}()
		writer := m.b.Writer()
		t.Repeat(map[string]func(*rapid.T){
			"Put": m.Put, "Put more": m.Put, "Reset": m.Reset, "Freeze": m.Freeze, "Apply": m.Apply,
			"Apply more": m.Apply, "Confirm": m.Confirm, "Refuse": m.Refuse, "Replay": m.Replay, "Erase": m.Erase, "Rewind": m.Rewind,
			"PutFrom": m.PutFrom, "PutFrom more": m.PutFrom, "PutStray": m.PutStray, "GoHome": m.GoHome, "Take": m.Take,
			"Remember": m.Remember,
			"Restart":  m.Restart, "Crash": m.Crash, "": m.Check,
		})
		if m.b.Writer() != writer {
			t.Fatal("the writer's id changed")
		}
		// Bring everything into the database, and count each key's updates.
		m.takeAll(t)
		m.b.MakeDue(Filter{})
		for lane := range m.lanes {
			for {
				_, ok, err := freeze(m.b, lane, m.clock.Now(), 3)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
			}
			for _, b := range m.b.Frozen(lane) {
				m.apply(t, &m.lanes[lane], m.b.Applied(lane), b)
				if err := confirm(m.b, lane, b.Number); err != nil {
					t.Fatal(err)
				}
			}
		}
		if held := m.b.Unsaved(Filter{}); len(held) != 0 {
			t.Fatalf("still held: %+v", held)
		}
		found := sums{}
		for k, s := range m.dead {
			found.add(k, s)
		}
		for _, l := range m.lanes {
			for _, b := range l.applied {
				for k, s := range b.records {
					found.add(k, s)
				}
			}
		}
		for k, s := range m.elsewhere {
			found.add(k, s)
		}
		for k, want := range m.accepted {
			if found[k].timeless() != want.timeless() {
				t.Fatalf("of %v, %+v was accepted and %+v is in the database or the quarantine", k, want, found[k])
			}
		}
	})
}
