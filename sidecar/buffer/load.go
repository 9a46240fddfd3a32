package buffer

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
)

// load fills the buffer from the spool.
func (b *Buffer) load() error {
	if err := b.loadFormat(); err != nil {
		return err
	}
	p := b.policy.Load()
	for i := range b.format.lanes {
		l := newLane(i, p.QuietPeriod > 0)
		b.lanes = append(b.lanes, l)
		if err := b.loadLane(l); err != nil {
			return fmt.Errorf("lane %d: %w", i, err)
		}
	}
	if err := b.loadDeadLetters(); err != nil {
		return err
	}
	if err := b.loadTombstones(); err != nil {
		return err
	}
	b.notBefore = b.clock.read().elapsed + startDelay(p)
	return b.loadPending()
}

// loadFormat reads what the spool was created with, or creates it.
func (b *Buffer) loadFormat() error {
	value, err := b.journal.get([]byte{prefixFormat})
	if err != nil {
		return fmt.Errorf("reading its format: %w", err)
	}
	if value != nil {
		if b.format, err = decodeFormat(value); err != nil {
			return fmt.Errorf("its format cannot be read, it may be of a newer version: %w", err)
		}
		return nil
	}
	err = b.journal.each([]byte{0}, []byte{0xff}, func([]byte, []byte) error {
		return errors.New("it holds data but not its format")
	})
	if err != nil {
		return err
	}
	writer, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("choosing the writer's id: %w", err)
	}
	b.format = format{lanes: lanesOfNewSpool, writer: writer}
	c := b.journal.begin()
	c.putFormat(b.format)
	if err := b.journal.append(c); err != nil {
		return err
	}
	return b.journal.wait(c)
}

// loadLane reads the lane's event ids, its numbers, its frozen batches, and which confirmed
// ones are kept.
func (b *Buffer) loadLane(l *lane) error {
	if err := b.loadEvents(l); err != nil {
		return err
	}
	value, err := b.journal.get(laneKey(l.number))
	if err != nil {
		return fmt.Errorf("reading its numbers: %w", err)
	}
	if value == nil {
		return nil
	}
	s, err := decodeLaneState(value)
	if err != nil {
		return fmt.Errorf("its numbers cannot be read: %w", err)
	}
	l.frozen.next, l.frozen.applied = s.next, s.applied
	b.arrivals.load(s.received)
	for _, f := range s.frozen {
		if err := b.loadBatch(l, f); err != nil {
			return fmt.Errorf("batch %d cannot be read: %w", f.number, err)
		}
	}
	return b.journal.each(
		numberedKey(prefixKept, l.number, 0), []byte{prefixKept, byte(l.number) + 1},
		func(key, value []byte) error {
			_, number, ok := decodeNumberedKey(key)
			if !ok {
				return errors.New("the key of a kept batch cannot be read")
			}
			k, err := decodeKept(number, value)
			if err != nil {
				return fmt.Errorf("kept batch %d cannot be read: %w", number, err)
			}
			if k.encoded, err = b.loadKept(l, number); err != nil {
				return fmt.Errorf("kept batch %d cannot be read: %w", number, err)
			}
			l.kept.add(k)
			return nil
		})
}

func (b *Buffer) loadEvents(l *lane) error {
	return b.journal.each(
		eventSegmentKey(l.number, 0), []byte{prefixEvent, byte(l.number) + 1},
		func(key, value []byte) error {
			opened, id, ok := decodeEventKey(key)
			if !ok || len(value) != 1 || value[0] != entryVersion {
				return errors.New("the id of an event cannot be read")
			}
			l.events.load(opened, id)
			return nil
		})
}

func (b *Buffer) loadBatch(l *lane, f frozenName) error {
	value, err := b.journal.get(numberedKey(prefixBatch, l.number, f.number))
	if err != nil {
		return err
	}
	if value == nil {
		return errors.New("it is missing")
	}
	fb := &frozenBatch{number: f.number, id: f.id, encoded: value}
	if fb.oldest, fb.records, err = decodeBatch(value); err != nil {
		return err
	}
	fb.keys = make([]string, len(fb.records))
	for i := range fb.records {
		r := &fb.records[i]
		fb.keys[i] = string(appendDiskKey(nil, prefixPending, r.Key))
		r.Key, _ = splitDiskKey(fb.keys[i])
		b.arrivals.load(r.ReceivedAt)
		if r.Completed {
			l.completed.add(fb.keys[i])
		}
	}
	l.frozen.load(fb)
	return nil
}

// loadKept reads a confirmed batch, which stays as it is on disk.
func (b *Buffer) loadKept(l *lane, number uint64) ([]byte, error) {
	value, err := b.journal.get(numberedKey(prefixBatch, l.number, number))
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, errors.New("it is missing")
	}
	_, _, err = decodeBatch(value)
	return value, err
}

// loadPending reads the pending records. Their windows go on from where they
// were, the time in which nothing ran included.
func (b *Buffer) loadPending() error {
	now := b.clock.read()
	var entries []*entry
	n := 0
	err := b.journal.each([]byte{prefixPending}, []byte{prefixPending + 1},
		func(key, value []byte) error {
			n++
			e := &entry{key: string(key)}
			s, err := decodePending(value, &e.record)
			if err != nil {
				// The key is a learner's; its checksum can be told.
				return fmt.Errorf("pending record %d (%08x, %d bytes) cannot be read: %w",
					n, checksum(key), len(value), err)
			}
			var ok bool
			if e.record.Key, ok = splitDiskKey(e.key); !ok {
				return fmt.Errorf("the key of pending record %d (%08x) cannot be read",
					n, checksum(key))
			}
			e.opened = now.elapsed - max(0, time.Duration(now.wall-s.opened)*time.Microsecond)
			e.changed = e.opened
			e.lasting = s.due
			entries = append(entries, e)
			b.arrivals.load(e.record.ReceivedAt)
			return nil
		})
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.opened, b.opened) })
	for _, e := range entries {
		l := b.lanes[laneOf([]byte(e.key), len(b.lanes))]
		l.insert(e)
		if e.record.Completed {
			l.completed.add(e.key)
		}
		if e.lasting {
			l.urge(e)
		}
	}
	b.capacity.add(len(entries))
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

func (b *Buffer) loadDeadLetters() error {
	value, err := b.journal.get([]byte{prefixLastDeadLetter})
	if err != nil {
		return fmt.Errorf("reading the last dead letter's id: %w", err)
	}
	if value != nil {
		d := decoder{rest: value}
		d.version()
		b.quarantine.last = d.uvarint()
		if err := d.end(); err != nil {
			return fmt.Errorf("the last dead letter's id cannot be read: %w", err)
		}
	}
	var letters []*DeadLetter
	err = b.journal.each([]byte{prefixDeadLetter}, []byte{prefixDeadLetter + 1},
		func(_, value []byte) error {
			dl, err := decodeDeadLetter(value)
			if err != nil {
				return fmt.Errorf("dead letter %d cannot be read: %w", len(letters)+1, err)
			}
			b.arrivals.load(dl.Record.ReceivedAt)
			letters = append(letters, &dl)
			return nil
		})
	b.quarantine.load(letters)
	return err
}

func (b *Buffer) loadTombstones() error {
	marker, err := b.journal.get([]byte{prefixScrub})
	if err != nil {
		return fmt.Errorf("reading whether it must be scrubbed: %w", err)
	}
	if marker != nil {
		b.scrubWanted.Add(1)
	}
	return b.journal.each([]byte{prefixTombstone}, []byte{prefixTombstone + 1},
		func(key, value []byte) error {
			s, err := decodeTombstone(value)
			if err == nil && len(key) != 1+len(learnerID{}) {
				err = errMalformed
			}
			if err != nil {
				return fmt.Errorf("the tombstone of an erased learner cannot be read: %w", err)
			}
			b.tombstones[learnerID(key[1:])] = s
			b.arrivals.load(s.at)
			return nil
		})
}
