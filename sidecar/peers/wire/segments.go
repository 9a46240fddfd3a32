package wire

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Seen is what an update of a batch says was seen. It stands behind all hints, so that a
// body without it is one that a sidecar reads which knows no segments.
type Seen struct {
	Index    int // of the update in its batch, from 0
	Segments progress.Segments
}

const (
	// maxSegmentBytes is the most that segments take: a step, a length and the bits.
	maxSegmentBytes = binary.MaxVarintLen32 + 2 + progress.MaxSegmentBits/8
	// MaxSeenBytes is the most that one Seen takes in a body.
	MaxSeenBytes = binary.MaxVarintLen32 + maxSegmentBytes

	leastSeen = 4 // an index, a step, a length and a byte of bits
)

// SeenIn is what an update says was seen, and false for one that says nothing of it.
func SeenIn(index int, u *progress.Update) (Seen, bool) {
	return Seen{index, u.WatchedSegments}, u.WatchedSegments.Bits != ""
}

// AppendSeen writes what the updates of a batch say was seen, in their order, behind
// hints, of which there may be none. It writes nothing where there is nothing.
func AppendSeen(dst []byte, hinted bool, seen []Seen) []byte {
	if len(seen) == 0 {
		return dst
	}
	if !hinted {
		dst = append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(seen)))
	for _, s := range seen {
		dst = binary.AppendUvarint(dst, uint64(s.Index))
		dst = binary.AppendUvarint(dst, uint64(s.Segments.Step))
		dst = binary.AppendUvarint(dst, uint64(len(s.Segments.Bits)))
		dst = append(dst, s.Segments.Bits...)
	}
	return dst
}

// seen reads what AppendSeen wrote into the updates that it belongs to.
func (d *decoder) seen(updates []progress.Update) {
	n := d.count(leastSeen)
	if n == 0 {
		d.fail(errMalformed)
	}
	next := 0 // the first index that may follow
	for range n {
		index, step, length := d.uvarint(), d.uvarint(), d.uvarint()
		if d.err == nil && (index < uint64(next) || index >= uint64(len(updates)) || step > progress.MaxSegmentStep) {
			d.fail(errMalformed)
		}
		if d.err == nil && length > uint64(len(d.rest)) {
			d.fail(errTruncated)
		}
		if d.err != nil {
			return
		}
		s, ok := progress.SegmentsFrom(int32(step), d.rest[:length])
		if !ok || s.Bits == "" {
			d.fail(errMalformed)
			return
		}
		d.rest = d.rest[length:]
		updates[index].WatchedSegments = s
		next = int(index) + 1
	}
}

// WithoutSegments are results for a sender that reads none.
func WithoutSegments(results []buffer.Result) []buffer.Result {
	plain := make([]buffer.Result, len(results))
	for i, r := range results {
		r.Record.Segments = progress.Segments{}
		plain[i] = r
	}
	return plain
}
