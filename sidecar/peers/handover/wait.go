package handover

import (
	"maps"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// Patience is how long a home waits for others after a change of the candidates. It is
// longer than the time in which all sidecars hear of the change from the registry.
const Patience = 30 * time.Second

// writtenPatience is how long a home waits to hear that others have written what they
// had of its learners. One that is alive nearly always has by then; from one that is
// not nothing comes, and its learners see the last place that is known.
const writtenPatience = 10 * time.Second

// wait is what a sidecar knows of the others' handing over, of ids or of what they have
// written. It is a value: what happens makes another one of it.
type wait struct {
	self     uuid.UUID     // the sidecar's writer
	patience time.Duration // how long others are awaited
	current  members.Set
	// past are the sets of before, the oldest first. While there are any, others are
	// awaited.
	past []past
	// words are what the others said last, by writer.
	words map[uuid.UUID]word
	// leavers are the owners of those that were seen to be about to stop, by writer.
	leavers map[uuid.UUID]uuid.UUID
}

// past is a set that another one has replaced.
type past struct {
	set   members.Set // of nobody for the time before this sidecar knew anybody
	until time.Time   // from then on nobody is awaited for its sake
}

// word is what a sidecar says when it has handed over all.
type word struct {
	owner   uuid.UUID
	view    uint64 // the digest of the candidates that it went by
	leaving bool   // it merges nothing any more
	at      time.Time
}

// digest tells candidates apart: another one, or one that was started again, makes
// another number. All sidecars compute the same.
func digest(set members.Set) uint64 {
	var all []byte
	for _, m := range set.Candidates() { // which are in order
		all = append(append(all, m.Writer[:]...), m.Owner[:]...)
	}
	return xxhash.Sum64(all)
}

// after is w when next is in the place of the current set.
func (w wait) after(next members.Set, now time.Time) wait {
	if w.current.Len() == 0 || digest(next) != digest(w.current) {
		w.past = append(slices.Clip(w.past), past{w.current, now.Add(w.patience)})
	}
	w.current = next
	w.words = maps.Clone(w.words)
	leavers := map[uuid.UUID]uuid.UUID{}
	for _, m := range next.Leaving() {
		leavers[m.Writer] = m.Owner
	}
	known := w.owners()
	for writer, owner := range w.leavers {
		if _, counts := known[writer]; counts && leavers[writer] == uuid.Nil {
			leavers[writer] = owner
		}
	}
	w.leavers = leavers
	maps.DeleteFunc(w.words, func(writer uuid.UUID, said word) bool {
		_, counts := known[writer]
		return !counts && now.Sub(said.at) > w.patience
	})
	return w.at(now)
}

// hearing is w after a word of another sidecar.
func (w wait) hearing(writer uuid.UUID, said word) wait {
	w.words = maps.Clone(w.words)
	if w.words == nil {
		w.words = map[uuid.UUID]word{}
	}
	w.words[writer] = said
	return w.at(said.at)
}

// at is w at a later moment. Nobody is awaited any more for a set that was replaced
// long ago, nor for any set once all have said that they have handed over.
func (w wait) at(now time.Time) wait {
	w.past = slices.DeleteFunc(slices.Clone(w.past), func(p past) bool { return !now.Before(p.until) })
	if len(w.awaited()) == 0 {
		w.past = nil
	}
	return w
}

// awaited are the writers of those that may still hand ids over: of all that are or were
// candidates or are about to stop, those that have not said, of the current candidates
// or when they left, that they have. One that was about to stop, and is there no more,
// has handed over all: else it stays on the roll.
func (w wait) awaited() (writers []uuid.UUID) {
	if len(w.past) == 0 {
		return nil
	}
	view := digest(w.current)
	present, stopping := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, m := range w.current.Candidates() {
		present[m.Writer] = true
	}
	for _, m := range w.current.Leaving() {
		stopping[m.Writer] = true
	}
	for writer, owner := range w.owners() {
		said, heard := w.words[writer]
		done := heard && said.owner == owner && (said.view == view || said.leaving && !present[writer])
		ended := w.leavers[writer] == owner && !present[writer] && !stopping[writer]
		if writer != w.self && !done && !ended {
			writers = append(writers, writer)
		}
	}
	return writers
}

// owners are the latest owners of all that are or were candidates or are about to stop,
// by writer.
func (w wait) owners() map[uuid.UUID]uuid.UUID {
	owners := map[uuid.UUID]uuid.UUID{}
	for _, p := range w.past {
		for _, m := range p.set.Candidates() {
			owners[m.Writer] = m.Owner
		}
	}
	for _, m := range slices.Concat(w.current.Leaving(), w.current.Candidates()) {
		owners[m.Writer] = m.Owner
	}
	return owners
}

// lapse is when the next set of before does not count any more, zero for never.
func (w wait) lapse() time.Time {
	if len(w.past) == 0 {
		return time.Time{}
	}
	return w.past[0].until
}

// hasAll reports whether this sidecar is a learner's home and has been all the time
// that counts.
func hasAll(current members.Set, before []past, learner uint64) bool {
	if _, self := current.HomeOf(learner); !self {
		return false
	}
	for i := range before {
		if _, self := before[i].set.HomeOf(learner); !self || before[i].set.Len() == 0 {
			return false
		}
	}
	return true
}
