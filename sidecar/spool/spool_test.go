package spool

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

const dir = "pod/spool"

// entries are what a spool holds, for comparison.
type entries struct {
	Format      Format
	Lanes       map[int]Lane
	Batches     map[batchKey]Batch
	Kept        map[batchKey]Kept
	Events      map[int]map[progress.Instant]map[EventID]EventKind
	LastDead    uint64
	DeadLetters map[Key]DeadLetter
	Tombstones  map[LearnerID]Tombstone
	Pending     map[Key]Pending
	Senders     map[SenderID]Sender
	Strays      []Stray
}

type batchKey struct {
	Lane   int
	Number uint64
}

func newEntries() *entries {
	return &entries{
		Lanes: map[int]Lane{}, Batches: map[batchKey]Batch{}, Kept: map[batchKey]Kept{},
		Events:      map[int]map[progress.Instant]map[EventID]EventKind{},
		DeadLetters: map[Key]DeadLetter{}, Tombstones: map[LearnerID]Tombstone{}, Pending: map[Key]Pending{},
		Senders: map[SenderID]Sender{},
	}
}

func (e *entries) visitor() Visitor {
	return Visitor{
		Format: func(f Format) error { e.Format = f; return nil },
		Event: func(lane int, segment progress.Instant, id EventID, kind EventKind) error {
			if e.Events[lane] == nil {
				e.Events[lane] = map[progress.Instant]map[EventID]EventKind{}
			}
			if e.Events[lane][segment] == nil {
				e.Events[lane][segment] = map[EventID]EventKind{}
			}
			e.Events[lane][segment][id] = kind
			return nil
		},
		Lane: func(lane int, l Lane) error { e.Lanes[lane] = l; return nil },
		Batch: func(lane int, number uint64, b EncodedBatch) (err error) {
			e.Batches[batchKey{lane, number}], err = b.Decode()
			return err
		},
		Kept:           func(lane int, number uint64, k Kept) error { e.Kept[batchKey{lane, number}] = k; return nil },
		DeadLetter:     func(key Key, dl DeadLetter) error { e.DeadLetters[key] = dl; return nil },
		LastDeadLetter: func(id uint64) error { e.LastDead = id; return nil },
		Tombstone:      func(id LearnerID, s Tombstone) error { e.Tombstones[id] = s; return nil },
		Pending:        func(key Key, p *Pending) error { e.Pending[key] = *p; return nil },
		Sender:         func(id SenderID, s Sender) error { e.Senders[id] = s; return nil },
		Stray:          func(s Stray) error { e.Strays = append(e.Strays, s); return nil },
	}
}

// write appends all of the entries' as one change.
func (e *entries) put(c *Change) {
	c.PutFormat(e.Format)
	for lane, l := range e.Lanes {
		c.PutLane(lane, l)
	}
	for k, b := range e.Batches {
		c.PutBatch(k.Lane, k.Number, EncodeBatch(b))
	}
	for k, kept := range e.Kept {
		c.PutKept(k.Lane, k.Number, kept)
	}
	for lane, segments := range e.Events {
		for segment, ids := range segments {
			for id, kind := range ids {
				c.PutEvent(lane, segment, id, kind)
			}
		}
	}
	c.PutLastDeadLetter(e.LastDead)
	for _, dl := range e.DeadLetters {
		c.PutDeadLetter(&dl)
	}
	for id, s := range e.Tombstones {
		c.PutTombstone(id, s)
	}
	for key, p := range e.Pending {
		c.PutPending(key, &p)
	}
	for id, s := range e.Senders {
		c.PutSender(id, &s)
	}
	for _, s := range e.Strays {
		c.PutStray(&s)
	}
}

func record(user string, seeks int64) progress.Record {
	return progress.Record{
		Key:        progress.Key{UserID: user, CourseID: "course", LessonID: "lesson"},
		SeekEvents: seeks, ModuleID: "module", ReceivedAt: 7,
	}
}

// everything holds one entry of each kind.
func everything() *entries {
	e := newEntries()
	e.Format = Format{Lanes: 2, Writer: uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")}
	e.Lanes[0] = Lane{Next: 4, Applied: 2, Received: 8, Frozen: []BatchName{{3, 99}}}
	e.Lanes[1] = Lane{Next: 1}
	e.Batches[batchKey{0, 3}] = Batch{Oldest: 5, Records: []progress.Record{record("frozen", 3)}}
	e.Batches[batchKey{0, 2}] = Batch{Records: []progress.Record{record("kept", 2)}}
	e.Kept[batchKey{0, 2}] = Kept{Prev: 1, At: 9, Bytes: 100}
	e.Events[1] = map[progress.Instant]map[EventID]EventKind{3: {{1}: EventMerged, {2}: EventSalted}, 4: {{3}: EventHandedOn}}
	e.Events[NoLane] = map[progress.Instant]map[EventID]EventKind{3: {{4}: EventMerged}}
	e.LastDead = 12
	dead := DeadLetter{ID: 11, Reason: DeadLetterReason{SQLState: "23514", Constraint: "c"}, Times: 2, First: 1, Last: 2, Record: record("dead", 1)}
	e.DeadLetters[KeyOf(dead.Record.Key)] = dead
	e.Tombstones[LearnerID{1}] = Tombstone{At: 4, UserID: "erased", Done: 5}
	e.Tombstones[LearnerID{2}] = Tombstone{At: 4}
	p := Pending{Due: true, Opened: 6, Record: record("pending", 4)}
	e.Pending[KeyOf(p.Record.Key)] = p
	e.Senders[SenderID{7}] = Sender{Number: 3, Seen: 8, Unmerged: []Unmerged{{0, 2, UnmergedRepeated}, {5, 1, UnmergedFull}}}
	e.Senders[SenderID{8}] = Sender{Number: 1, Seen: 9}
	for id := range progress.Instant(3) {
		e.Strays = append(e.Strays, Stray{ID: id + 1, Update: progress.Update{Key: record("stray", 0).Key, EventID: "e", SeekEvents: 1}})
	}
	return e
}

func opened(t *testing.T, fs disk.FS) (*Spool, *entries) {
	t.Helper()
	s, err := Open(Options{Dir: dir, FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	e := newEntries()
	if err := s.Load(e.visitor()); err != nil {
		t.Fatal(err)
	}
	return s, e
}

func write(t *testing.T, s *Spool, fill func(c *Change)) {
	t.Helper()
	c := s.Begin()
	fill(c)
	if err := s.Append(c); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(c); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasWrittenIsThereAfterARestart(t *testing.T) {
	for name, checkpoint := range map[string]bool{"from the log": false, "from a checkpoint": true} {
		t.Run(name, func(t *testing.T) {
			fs := disktest.New()
			s, _ := opened(t, fs)
			want := everything()
			write(t, s, want.put)
			if checkpoint {
				err := s.Checkpoint(t.Context(), func(add func(*Change) error) error {
					c := s.Begin()
					want.put(c)
					return add(c)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			s, got := opened(t, fs.Crashed(0, nil))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if due := s.CheckpointDue(); due == checkpoint {
				t.Errorf("a checkpoint is due: %v", due)
			}
		})
	}
}

func TestWhatWasDeletedIsGone(t *testing.T) {
	fs := disktest.New()
	s, _ := opened(t, fs)
	all := everything()
	write(t, s, all.put)
	write(t, s, func(c *Change) {
		c.DeleteBatch(0, 2)
		c.DeleteKept(0, 2)
		c.DeleteEvent(1, 4, EventID{3})
		c.DeleteEventsThrough(1, 3)
		c.DeleteEventsThrough(NoLane, 3)
		for key := range all.DeadLetters {
			c.DeleteDeadLetter(key)
		}
		c.DeleteTombstone(LearnerID{1})
		for key := range all.Pending {
			c.DeletePending(key)
		}
	})
	want := everything()
	delete(want.Batches, batchKey{0, 2})
	clear(want.Kept)
	clear(want.Events)
	clear(want.DeadLetters)
	delete(want.Tombstones, LearnerID{1})
	clear(want.Pending)
	_, got := opened(t, fs.Crashed(0, nil))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
