package buffer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// frozenBatch is a batch that is not confirmed yet.
type frozenBatch struct {
	number  uint64
	id      uint64 // see progress.Batch
	records []progress.Record
	keys    []spool.Key        // of the records
	opened  []progress.Instant // openings of the records' windows, nil if not known
	oldest  progress.Instant   // that of the oldest of them
	late    progress.Instant   // when the first of them was due at the latest
	encoded spool.EncodedBatch // as the disk has it
	// freeze counts the lane's freezes in this process; the halves of a batch
	// keep its. turn is the first of the urgent entries in it, 0 for none.
	freeze, turn uint64
	// counted is the result of updates, 0 before its first call.
	counted int64
	// synced is set when the disk has it. Before that it must not be applied:
	// a crash could give its number to other records.
	synced bool
}

// newFrozenBatch is a batch of entries that are not pending any more, sorted by
// their keys. It has no number yet.
func newFrozenBatch(entries []*entry, now reading) *frozenBatch {
	fb := &frozenBatch{
		turn:    entries[0].turn,
		records: make([]progress.Record, len(entries)),
		keys:    make([]spool.Key, len(entries)),
		opened:  make([]progress.Instant, len(entries)),
	}
	slices.SortFunc(entries, func(a, b *entry) int { return a.record.Compare(b.record.Key) })
	for i, e := range entries {
		fb.records[i], fb.keys[i], fb.opened[i] = e.record, e.key, now.wallOf(e.opened)
	}
	fb.oldest = slices.Min(fb.opened)
	return fb
}

// part is a batch of the records from i up to, without, j. Who waits for the
// batch waits for its parts.
func (fb *frozenBatch) part(i, j int) *frozenBatch {
	part := &frozenBatch{
		freeze:  fb.freeze,
		turn:    fb.turn,
		oldest:  fb.oldest,
		late:    fb.late,
		records: fb.records[i:j:j],
		keys:    fb.keys[i:j:j],
	}
	if fb.opened != nil {
		part.opened = fb.opened[i:j:j]
	}
	return part
}

// halves are the batch's parts, the greater first.
func (fb *frozenBatch) halves() ([]*frozenBatch, error) {
	n := len(fb.records)
	middle := (n + 1) / 2
	if middle == n {
		return nil, fmt.Errorf("it has only %d record", n)
	}
	return []*frozenBatch{fb.part(0, middle), fb.part(middle, n)}, nil
}

// unite returns both batches' record in a batch that has no number yet. Who waits
// for either waits for it.
func unite(older, newer *frozenBatch) (*frozenBatch, error) {
	if len(older.records) != 1 || len(newer.records) != 1 || older.keys[0] != newer.keys[0] {
		return nil, errors.New("they are not of one record of the same key each")
	}
	// What came since a reset doesn't know of it, if the reset was refused.
	since := newer.records[0].Raise(older.records[0].Generation)
	if !progress.Fit(&since, &older.records[0]) {
		return nil, ErrRange
	}
	united := &frozenBatch{
		freeze:  min(older.freeze, newer.freeze),
		turn:    max(older.turn, newer.turn),
		oldest:  min(older.oldest, newer.oldest),
		late:    min(older.late, newer.late),
		records: []progress.Record{progress.Merge(since, older.records[0])},
		keys:    newer.keys,
	}
	united.opened = []progress.Instant{united.oldest}
	if older.turn != 0 && newer.turn != 0 {
		united.turn = min(older.turn, newer.turn)
	}
	return united, nil
}

// erase drops the learner's records and returns their keys.
func (fb *frozenBatch) erase(userID string) (gone []spool.Key) {
	var records []progress.Record
	var keys []spool.Key
	var opened []progress.Instant
	for i := range fb.records {
		if fb.records[i].UserID == userID {
			gone = append(gone, fb.keys[i])
			continue
		}
		records, keys = append(records, fb.records[i]), append(keys, fb.keys[i])
		if fb.opened != nil {
			opened = append(opened, fb.opened[i])
		}
	}
	fb.records, fb.keys, fb.opened, fb.counted = records, keys, opened, 0
	return gone
}

func (fb *frozenBatch) matches(f Filter) bool {
	for i := range fb.records {
		if f.matches(&fb.records[i].Key) {
			return true
		}
	}
	return false
}

// updates is the number of accepted updates that the batch stands for. The lane
// is locked.
func (fb *frozenBatch) updates() int64 {
	if fb.counted == 0 {
		for i := range fb.records {
			fb.counted += fb.records[i].Accepted()
		}
	}
	return fb.counted
}

// batch is what the writer gets of it.
func (fb *frozenBatch) batch(lane int) progress.Batch {
	return progress.Batch{Lane: lane, Number: fb.number, ID: fb.id, Oldest: fb.oldest, Records: fb.records, Opened: fb.opened}
}
