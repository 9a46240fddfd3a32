package buffer

import (
	"cmp"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// quarantine is the dead letters, one for a key. A dead letter takes about as
// much memory as the pending record that it was, and counts for the same cap.
type quarantine struct {
	last      uint64        // the id that was given out last
	byID      []*DeadLetter // rising
	byLearner map[string][]*DeadLetter
}

func newQuarantine() quarantine { return quarantine{byLearner: map[string][]*DeadLetter{}} }

// load takes the dead letters that the disk has.
func (q *quarantine) load(letters []*DeadLetter) {
	slices.SortFunc(letters, func(a, b *DeadLetter) int { return cmp.Compare(a.ID, b.ID) })
	q.byID = letters
	for _, dl := range letters {
		q.byLearner[dl.Record.UserID] = append(q.byLearner[dl.Record.UserID], dl)
	}
}

func (q *quarantine) len() int { return len(q.byID) }

// add sets r aside, in the dead letter that it returns.
func (q *quarantine) add(r *progress.Record, reason DeadLetterReason, now progress.Instant) *DeadLetter {
	dl := q.of(&r.Key)
	if dl != nil {
		// One that was refused before a reset is replaced by what came since.
		dl.Record = progress.MergeForReader(dl.Record, r.Raise(dl.Record.Generation))
	} else {
		q.last++
		dl = &DeadLetter{ID: q.last, First: now, Record: *r}
		q.byID = append(q.byID, dl)
		q.byLearner[r.UserID] = append(q.byLearner[r.UserID], dl)
	}
	dl.Reason, dl.Last = reason, now
	dl.Times++
	return dl
}

func (q *quarantine) of(k *progress.Key) *DeadLetter {
	for _, dl := range q.byLearner[k.UserID] {
		if dl.Record.Key == *k {
			return dl
		}
	}
	return nil
}

// get returns a dead letter, or ErrNoDeadLetter.
func (q *quarantine) get(id uint64) (*DeadLetter, error) {
	i, found := q.place(id)
	if !found {
		return nil, ErrNoDeadLetter
	}
	return q.byID[i], nil
}

// page returns up to limit dead letters with ids above after. more says that
// others follow.
func (q *quarantine) page(after uint64, limit int) (letters []DeadLetter, more bool) {
	i, found := q.place(after)
	if found {
		i++
	}
	end := min(i+limit, len(q.byID))
	for _, dl := range q.byID[i:end] {
		letters = append(letters, *dl)
	}
	return letters, end < len(q.byID)
}

// place is where the dead letter is, or would be.
func (q *quarantine) place(id uint64) (int, bool) {
	return slices.BinarySearchFunc(q.byID, id, func(dl *DeadLetter, id uint64) int { return cmp.Compare(dl.ID, id) })
}

// remove drops a dead letter.
func (q *quarantine) remove(dl *DeadLetter) {
	if i, found := q.place(dl.ID); found {
		q.byID = slices.Delete(q.byID, i, i+1)
	}
	user := dl.Record.UserID
	others := slices.DeleteFunc(q.byLearner[user], func(other *DeadLetter) bool { return other == dl })
	if q.byLearner[user] = others; len(others) == 0 {
		delete(q.byLearner, user)
	}
}

// takeLearner removes and returns the learner's dead letters.
func (q *quarantine) takeLearner(userID string) []*DeadLetter {
	letters := slices.Clone(q.byLearner[userID])
	for _, dl := range letters {
		q.remove(dl)
	}
	return letters
}

// updates counts the updates in the dead letters of the keys that f matches.
func (q *quarantine) updates(f Filter) (n int64) {
	letters := q.byID
	if f.UserID != "" {
		letters = q.byLearner[f.UserID]
	}
	for _, dl := range letters {
		if f.matches(&dl.Record.Key) {
			n += dl.Record.Accepted()
		}
	}
	return n
}
