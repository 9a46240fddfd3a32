package journal

import "sync"

// group is the changes that become one frame.
type group struct {
	frame []byte        // room for the header, then the changes
	done  chan struct{} // closed when the disk has it and all before it
}

func newGroup(buffer []byte) *group {
	return &group{frame: append(buffer[:0], make([]byte, frameHeader)...), done: make(chan struct{})}
}

func (g *group) empty() bool { return len(g.frame) == frameHeader }

// sizeWith is the frame's size with so many bytes more.
func (g *group) sizeWith(change int) int64 {
	return frameSize(len(g.frame) - frameHeader + change)
}

const (
	// maxGroup is the size at which a group takes no more changes, unless it has
	// none.
	maxGroup = 16 << 20
	// maxBuffer is the memory of a group that is worth keeping for the next.
	maxBuffer = 1 << 20
)

// queue gathers changes and accounts for the room that the disk has for them, so
// that what was taken into it can be written.
type queue struct {
	mu     sync.Mutex
	next   *group // gathers
	last   *group // was gathered before it
	buffer []byte // memory of an earlier group
	left   int64  // bytes left in the segment
	spare  int64  // bytes in the next segment, 0 while there is none
}

func newQueue() *queue {
	written := newGroup(nil)
	close(written.done)
	return &queue{next: newGroup(nil), last: written}
}

// add takes a change and returns the group that it is in, nil if there is no
// room for it. For an empty change it is the group of the change before.
func (q *queue) add(change []byte) *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(change) > 0:
	case q.next.empty():
		return q.last
	default:
		return q.next
	}
	if !q.takes(len(change)) {
		return nil
	}
	q.next.frame = append(q.next.frame, change...)
	return q.next
}

// takes reports whether there is room for a change of so many bytes.
func (q *queue) takes(change int) bool {
	size := q.next.sizeWith(change)
	return (size <= q.left || size <= q.spare) && (size <= maxGroup || q.next.empty())
}

// fits is takes for others.
func (q *queue) fits(change int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.takes(change)
}

// take ends the gathering of a group, nil if it is empty. rotate says that the
// group goes to the next segment.
func (q *queue) take() (g *group, rotate bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next.empty() {
		return nil, false
	}
	g = q.next
	size := g.sizeWith(0)
	if rotate = size > q.left; rotate {
		q.left, q.spare = q.spare, 0
	}
	q.left -= size
	q.next, q.last, q.buffer = newGroup(q.buffer), g, nil
	return g, rotate
}

// written ends a group that the disk has.
func (q *queue) written(g *group) {
	q.mu.Lock()
	if cap(g.frame) <= maxBuffer {
		q.buffer = g.frame
	}
	g.frame = nil
	q.mu.Unlock()
	close(g.done)
}

// rotate makes the gathered group go to the next segment, unless that is too
// small for it.
func (q *queue) rotate() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.spare == 0 || !q.next.empty() && q.next.sizeWith(0) > q.spare {
		return false
	}
	q.left, q.spare = q.spare, 0
	return true
}

// begin says how much room a segment has, nothing being on its way to it.
func (q *queue) begin(left, spare int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.left, q.spare = left, spare
}

// refill says how much room the next segment has.
func (q *queue) refill(spare int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = spare
}
