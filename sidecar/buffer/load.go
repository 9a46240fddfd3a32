package buffer

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// lanesOfNewSpool is fixed in a spool when it is created.
const lanesOfNewSpool = 2

// load reads what the spool holds, or begins a new one.
func load(from *spool.Spool, now reading, p *Policy) (*state, error) {
	l := &loader{
		state: &state{spool: from, quarantine: newQuarantine(), tombstones: tombstones{}, senders: newSenders()},
		now:   now, policy: p, batches: map[batchName]spool.EncodedBatch{},
	}
	err := from.Load(spool.Visitor{
		Format: l.format, Event: l.event, Lane: l.lane, Batch: l.batch, Kept: l.kept,
		DeadLetter: l.deadLetter, LastDeadLetter: l.lastDeadLetter, Tombstone: l.tombstone, Pending: l.pending,
		Sender: l.sender, Stray: l.stray,
	})
	if err != nil {
		return nil, err
	}
	if len(l.state.lanes) == 0 {
		if err := l.create(); err != nil {
			return nil, err
		}
	}
	if err := l.finish(); err != nil {
		return nil, err
	}
	if len(l.entries) > 0 {
		l.state.notBefore = now.elapsed + startDelay(p)
	}
	return l.state, nil
}

// loader gathers the entries of a spool.
type loader struct {
	state  *state
	now    reading
	policy *Policy

	names   [][]spool.BatchName // frozen, of each lane
	batches map[batchName]spool.EncodedBatch
	letters []*DeadLetter
	entries []*entry
	senders []loadedSender
}

type batchName struct {
	lane   int
	number uint64
}

func (l *loader) format(f spool.Format) error {
	if f.Lanes < 1 || f.Lanes > maxLanes {
		return fmt.Errorf("its format has %d lanes", f.Lanes)
	}
	l.state.format, l.state.salt = f, salt(f.Writer)
	for i := range f.Lanes {
		l.state.lanes = append(l.state.lanes, newLane(i, l.policy.Terms))
	}
	l.names = make([][]spool.BatchName, f.Lanes)
	return nil
}

// create writes the format of a new spool.
func (l *loader) create() error {
	writer, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("choosing the writer's id: %w", err)
	}
	f := spool.Format{Lanes: lanesOfNewSpool, Writer: writer}
	if err := l.format(f); err != nil {
		return err
	}
	c := l.state.spool.Begin()
	c.PutFormat(f)
	if err := l.state.spool.Append(c); err != nil {
		return fmt.Errorf("creating it: %w", err)
	}
	return wrap("creating it", l.state.spool.Wait(c))
}

// of returns a lane that the spool must have.
func (l *loader) of(lane int) (*lane, error) {
	if lane >= len(l.state.lanes) {
		return nil, fmt.Errorf("it has no lane %d", lane)
	}
	return l.state.lanes[lane], nil
}

func (l *loader) event(lane int, segment progress.Instant, id spool.EventID, kind spool.EventKind) error {
	if lane == spool.NoLane {
		l.state.handedOver.load(segment, id, kind)
		return nil
	}
	in, err := l.of(lane)
	if err == nil {
		in.events.load(segment, id, kind)
	}
	return err
}

func (l *loader) lane(lane int, numbers spool.Lane) error {
	in, err := l.of(lane)
	if err != nil {
		return err
	}
	in.frozen.next, in.frozen.applied = numbers.Next, numbers.Applied
	l.names[lane] = numbers.Frozen
	l.state.arrivals.load(numbers.Received)
	return nil
}

func (l *loader) batch(lane int, number uint64, b spool.EncodedBatch) error {
	l.batches[batchName{lane, number}] = b
	return nil
}

// take returns a batch that must be there.
func (l *loader) take(lane int, number uint64) (spool.EncodedBatch, spool.Batch, error) {
	name := batchName{lane, number}
	encoded, ok := l.batches[name]
	if !ok {
		return nil, spool.Batch{}, errors.New("it is missing")
	}
	delete(l.batches, name)
	b, err := encoded.Decode()
	return encoded, b, err
}

func (l *loader) kept(lane int, number uint64, k spool.Kept) error {
	in, err := l.of(lane)
	if err != nil {
		return err
	}
	encoded, _, err := l.take(lane, number)
	if err != nil {
		return fmt.Errorf("lane %d: kept batch %d cannot be read: %w", lane, number, err)
	}
	in.kept.add(keptBatch{number: number, prev: k.Prev, at: k.At, encoded: encoded})
	return nil
}

func (l *loader) deadLetter(_ spool.Key, dl DeadLetter) error {
	l.state.arrivals.load(dl.Record.ReceivedAt)
	l.letters = append(l.letters, &dl)
	return nil
}

func (l *loader) lastDeadLetter(id uint64) error {
	l.state.quarantine.last = id
	return nil
}

func (l *loader) tombstone(id spool.LearnerID, t spool.Tombstone) error {
	l.state.tombstones[id] = t
	l.state.arrivals.load(t.At)
	return nil
}

// pending takes a pending record, whose window goes on from where it was, the
// time in which nothing ran included.
func (l *loader) pending(key spool.Key, p *spool.Pending) error {
	opened := l.now.elapsed - max(0, time.Duration(l.now.wall-p.Opened)*time.Microsecond)
	l.entries = append(l.entries, &entry{key: key, record: p.Record, opened: opened, changed: opened, lasting: p.Due})
	return nil
}

func (l *loader) sender(id spool.SenderID, s spool.Sender) error {
	l.senders = append(l.senders, loadedSender{id, s})
	return nil
}

func (l *loader) stray(s spool.Stray) error {
	key := spool.KeyOf(s.Update.Key)
	s.Update.Key, _ = key.Split()
	event := eventID(nil, []byte(key), &s.Update)
	l.state.lanes.of([]byte(key)).strays.add(&stray{Stray: s, key: key, event: event})
	l.state.capacity.add(1)
	l.state.arrivals.load(s.ID)
	return nil
}

// finish makes of what was gathered what the lanes hold.
func (l *loader) finish() error {
	for i, names := range l.names {
		for _, name := range names {
			if err := l.frozen(l.state.lanes[i], name); err != nil {
				return fmt.Errorf("lane %d: batch %d cannot be read: %w", i, name.Number, err)
			}
		}
	}
	l.state.quarantine.load(l.letters)
	l.state.senders.load(l.senders, l.now.elapsed)
	slices.SortFunc(l.entries, func(a, b *entry) int { return cmp.Compare(a.opened, b.opened) })
	for _, e := range l.entries {
		in := l.state.lanes.of([]byte(e.key))
		in.insert(e, nil)
		if e.record.Completed {
			in.completed.add(e.key)
		}
		if e.lasting {
			in.urge(e, 0)
		}
		l.state.arrivals.load(e.record.ReceivedAt)
	}
	l.state.capacity.add(len(l.entries))
	return nil
}

func (l *loader) frozen(in *lane, name spool.BatchName) error {
	encoded, b, err := l.take(in.number, name.Number)
	if err != nil {
		return err
	}
	longest := l.policy.longest()
	fb := &frozenBatch{
		number: name.Number, id: name.ID, oldest: b.Oldest, encoded: encoded,
		late:    b.Oldest + progress.Instant((longest.Interval + longest.Linger).Microseconds()),
		records: b.Records, keys: make([]spool.Key, len(b.Records)),
	}
	for i := range fb.records {
		r := &fb.records[i]
		fb.keys[i] = spool.KeyOf(r.Key)
		r.Key, _ = fb.keys[i].Split()
		l.state.arrivals.load(r.ReceivedAt)
		if r.Completed {
			in.completed.add(fb.keys[i])
		}
	}
	in.frozen.load(fb)
	return nil
}

// startDelay is how long what is overdue at start still waits.
func startDelay(p *Policy) time.Duration {
	longest := p.startJitter()
	if longest <= 0 {
		return 0
	}
	return rand.N(longest) //nolint:gosec // nobody gains by guessing it
}
