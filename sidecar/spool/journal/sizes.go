package journal

import "sync/atomic"

// sizes tells when a checkpoint is worth it; all are bytes.
type sizes struct {
	written    atomic.Int64 // frames in the log behind the checkpoint
	dropped    atomic.Int64 // of the state, by small changes, since then
	checkpoint atomic.Int64
	replayed   atomic.Bool // whether the log was not empty at Open
	short      atomic.Bool // whether there is no next segment for lack of room
	floor      int64       // of a log that is worth a checkpoint
}

// due reports whether the log is longer than the part of the checkpoint that is
// still of use. A checkpoint is as large as the state was, so checkpoint, log
// and the next checkpoint together are at most three times the state.
func (s *sizes) due() bool {
	written, dropped := s.written.Load(), s.dropped.Load()
	if s.replayed.Load() && written > 0 {
		return true
	}
	return written+dropped > max(s.checkpoint.Load()-dropped, s.floor)
}

// Size is what the journal takes on the disk, in bytes.
func (j *Journal) Size() int64 { return j.files.total() }

// Growth is what the next checkpoint may take beside that, in bytes.
func (j *Journal) Growth() int64 { return j.size.checkpoint.Load() + j.size.written.Load() }

// Short reports whether the disk has no room for a next segment. Up to a segment of
// changes still fits then.
func (j *Journal) Short() bool {
	if j.size.short.Load() {
		_ = j.refill() // its error shows in Failed
	}
	return j.size.short.Load()
}

// Dropped says that a change made so many bytes of the state useless.
func (j *Journal) Dropped(bytes int64) { j.size.dropped.Add(bytes) }

// CheckpointDue reports whether the log has grown so much that a checkpoint is
// worth it. While the log has changes from before Open it is, since they may be
// there for an erasure that was interrupted.
func (j *Journal) CheckpointDue() bool { return j.size.due() }
