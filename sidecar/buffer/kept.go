package buffer

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// keptBatch is a confirmed batch that can still be applied again.
type keptBatch struct {
	number uint64
	prev   uint64 // the number that the lane had applied before it
	at     progress.Instant
	// encoded is the batch as the disk has it, which takes half the memory of its
	// records. It is not changed.
	encoded spool.EncodedBatch
}

// batch decodes what is kept.
func (k keptBatch) batch(lane int) (progress.Batch, error) {
	b, err := k.encoded.Decode()
	return progress.Batch{Lane: lane, Number: k.number, Records: b.Records},
		wrap(fmt.Sprintf("decoding confirmed batch %d", k.number), err)
}

// putName writes that the batch, which the disk has, is kept.
func (k keptBatch) putName(c *spool.Change, lane int) {
	c.PutKept(lane, k.number, spool.Kept{Prev: k.prev, At: k.at, Bytes: int64(len(k.encoded))})
}

// put writes all of it.
func (k keptBatch) put(c *spool.Change, lane int) {
	c.PutBatch(lane, k.number, k.encoded)
	k.putName(c, lane)
}

// keptBatches are the confirmed batches of a lane that are kept, in the order in
// which they were applied.
type keptBatches struct {
	batches []keptBatch
	size    int64 // bytes of them, encoded
}

// add keeps the batch that was applied last.
func (s *keptBatches) add(k keptBatch) {
	if cap(k.encoded)-len(k.encoded) > len(k.encoded)/8 {
		k.encoded = bytes.Clone(k.encoded)
	}
	s.batches = append(s.batches, k)
	s.size += int64(len(k.encoded))
}

// after returns the batches with numbers above the given one, of a lane that has
// applied number applied. complete says that the first of them followed on it,
// and so none is missing.
func (s *keptBatches) after(number, applied uint64) (batches []keptBatch, complete bool) {
	batches = slices.Clone(s.above(number))
	missing := applied
	if len(batches) > 0 {
		missing = batches[0].prev
	}
	return batches, missing <= number
}

// above are the batches with numbers above the given one, for as long as nothing
// changes.
func (s *keptBatches) above(number uint64) []keptBatch {
	i := len(s.batches)
	for i > 0 && s.batches[i-1].number > number {
		i--
	}
	return s.batches[i:]
}

// drop removes the batches that were confirmed up to the given instant, and of
// the others the oldest until they take no more than limit bytes. It returns
// those that it removed.
func (s *keptBatches) drop(until progress.Instant, limit int64) []keptBatch {
	n := 0
	for ; n < len(s.batches) && (s.batches[n].at <= until || s.size > limit); n++ {
		s.size -= int64(len(s.batches[n].encoded))
	}
	dropped := slices.Clone(s.batches[:n])
	s.batches = slices.Delete(s.batches, 0, n)
	return dropped
}

// without returns the batches that hold records of the learner as they are
// without them, and the number of these records. It changes nothing.
func (s *keptBatches) without(userID string) (changed []keptBatch, gone int, err error) {
	for _, k := range s.batches {
		if !bytes.Contains(k.encoded, []byte(userID)) {
			continue
		}
		b, err := k.encoded.Decode()
		if err != nil {
			return nil, 0, fmt.Errorf("decoding confirmed batch %d: %w", k.number, err)
		}
		all := len(b.Records)
		b.Records = slices.DeleteFunc(b.Records, func(r progress.Record) bool { return r.UserID == userID })
		if n := all - len(b.Records); n > 0 {
			gone += n
			k.encoded = spool.EncodeBatch(b)
			changed = append(changed, k)
		}
	}
	return changed, gone, nil
}

// replace puts the changed batches, which are in order, in the place of those
// with their numbers.
func (s *keptBatches) replace(changed []keptBatch) {
	for i := range s.batches {
		if len(changed) == 0 {
			return
		}
		if k := &s.batches[i]; k.number == changed[0].number {
			s.size += int64(len(changed[0].encoded)) - int64(len(k.encoded))
			*k, changed = changed[0], changed[1:]
		}
	}
}
