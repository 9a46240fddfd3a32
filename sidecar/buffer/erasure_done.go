package buffer

import (
	"cmp"
	"fmt"
	"slices"
)

// PendingErasures returns the learners who are still to be erased from the
// database, the earliest first. Their ids are kept for that purpose only.
func (b *Buffer) PendingErasures() []Erasure {
	return b.erasures(tombstone.pending)
}

// DoneErasures returns the learners whom the database has erased and who are not
// forgotten, the earliest order first: a failover to a replica that lagged brings
// their rows back.
func (b *Buffer) DoneErasures() []Erasure {
	return b.erasures(func(s tombstone) bool { return s.userID != "" && s.done != 0 })
}

func (b *Buffer) erasures(which func(tombstone) bool) []Erasure {
	l := b.lanes[0]
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Erasure
	for _, s := range b.tombstones {
		if which(s) {
			all = append(all, Erasure{s.userID, s.at, s.done})
		}
	}
	slices.SortFunc(all, func(a, b Erasure) int { return cmp.Compare(a.At, b.At) })
	return all
}

// ErasureDone tells that the database has erased the learner too, now or once
// more. It returns when the disk has that. An erasure that was ordered again
// meanwhile stays pending.
func (b *Buffer) ErasureDone(done Erasure) error {
	return wrap("ending an erasure", b.changeTombstone(done, func(s *tombstone) {
		s.done = b.clock.read().wall
	}))
}

// ForgetErasure tells that no failover brings the learner's rows back any more.
// The learner's id leaves the spool; a tombstone without it stays. It returns
// when the disk has that. An erasure that was ordered again meanwhile stays.
func (b *Buffer) ForgetErasure(done Erasure) error {
	return wrap("forgetting an erasure", b.changeTombstone(done, func(s *tombstone) {
		s.userID, s.done = "", 0
	}))
}

func (b *Buffer) changeTombstone(of Erasure, edit func(*tombstone)) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	c, err := b.putChangedTombstone(of, edit)
	if err == nil && c.batch != nil {
		err = b.journal.wait(c)
	}
	if err != nil {
		return fmt.Errorf("changing a tombstone: %w", err)
	}
	b.space.lookAgain()
	return nil
}

func (b *Buffer) putChangedTombstone(of Erasure, edit func(*tombstone)) (c change, err error) {
	defer b.lanes.unlock(b.lanes.lock(b.lanes.all()))
	id := b.format.learnerID(nil, of.UserID)
	s, ok := b.tombstones[id]
	if !ok || s.userID == "" || s.at > of.At {
		return c, nil
	}
	edit(&s)
	b.tombstones[id] = s
	c = b.journal.begin()
	c.put(tombstoneKey(id), s.encode())
	if s.userID == "" {
		b.wantScrub(c)
	}
	return c, b.journal.append(c)
}
