package buffer

import (
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Postpone puts a frozen batch, which the database refused, at the lane's end
// under a new number, which it returns when the disk has that.
func (b *Buffer) Postpone(lane int, number uint64) (uint64, error) {
	next, err := b.postpone(lane, number, takeOne)
	return next, wrap(fmt.Sprintf("postponing batch %d of lane %d", number, lane), err)
}

// Unite is Postpone for two batches of one record each, both of the same key and
// both refused, which become one batch. The older is frozen before the newer.
// It returns ErrRange if the sums of both don't fit into one record.
func (b *Buffer) Unite(lane int, older, newer uint64) (uint64, error) {
	next, err := b.postpone(lane, newer, takeWith(older))
	return next, wrap(fmt.Sprintf("uniting batches %d and %d of lane %d", older, newer, lane), err)
}

// unite returns both batches' record in a batch that has no number yet. Who waits
// for either waits for it.
func unite(older, newer *frozenBatch) (*frozenBatch, error) {
	if len(older.records) != 1 || len(newer.records) != 1 || older.keys[0] != newer.keys[0] {
		return nil, errors.New("they are not of one record of the same key each")
	}
	// What came since a reset doesn't know of it, if the reset was refused.
	since := newer.records[0].Raise(older.records[0].Generation)
	if !fits(&since, &older.records[0]) {
		return nil, ErrRange
	}
	united := &frozenBatch{
		freeze:  min(older.freeze, newer.freeze),
		turn:    max(older.turn, newer.turn),
		oldest:  min(older.oldest, newer.oldest),
		records: []progress.Record{progress.Merge(since, older.records[0])},
		keys:    newer.keys,
	}
	if older.turn != 0 && newer.turn != 0 {
		united.turn = min(older.turn, newer.turn)
	}
	return united, nil
}

// taking takes the i-th frozen batch out of the lane and returns what goes on in
// its place.
type taking func(c change, l *lane, i int) (*frozenBatch, error)

func takeOne(_ change, l *lane, i int) (*frozenBatch, error) {
	fb := *l.frozen[i]
	fb.synced = false
	l.dropFrozen(i)
	return &fb, nil
}

func takeWith(older uint64) taking {
	return func(c change, l *lane, i int) (*frozenBatch, error) {
		j, err := l.find(older)
		if err != nil {
			return nil, err
		}
		united, err := unite(l.frozen[j], l.frozen[i])
		if err != nil {
			return nil, err
		}
		l.dropFrozen(max(i, j))
		l.dropFrozen(min(i, j))
		c.delete(numberedKey(prefixBatch, l.number, older))
		return united, nil
	}
}

func (b *Buffer) postpone(lane int, number uint64, take taking) (next uint64, err error) {
	err = b.settle(lane, number, b.putOff(take, &next))
	return next, err
}

func (b *Buffer) putOff(take taking, next *uint64) settlement {
	return func(c change, l *lane, i int) ([]*frozenBatch, error) {
		fb, err := take(c, l, i)
		if err != nil {
			return nil, err
		}
		l.addFrozen(fb)
		b.putBatch(c, l, fb)
		*next = fb.number
		return []*frozenBatch{fb}, nil
	}
}
