package buffer

import (
	"cmp"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// Policy is the part of the configuration that the buffer follows. All of it
// may change while the buffer is in use.
type Policy struct {
	// Terms say of each record how long it is gathered before it is due; nil for not
	// at all.
	Terms *timing.Table
	// Gather is how long a record that has just been completed waits for others, so that
	// lessons which are completed one by one don't take a transaction each.
	Gather time.Duration
	// CompletionThreshold is the percentage that completes a lesson, 0 to 100;
	// 0 for none.
	CompletionThreshold float64
	// CompletionByWatched says that the percentage is of what was seen.
	CompletionByWatched bool
	// Departures says that records keep when their learners left, and that one who leaves
	// when all is written has a record for that.
	Departures bool
	// Async acknowledges an update that is in the memory of this process only;
	// the disk has it about 50 ms and one sync later. If the sidecar ends before
	// that without Close, by kill -9, for lack of memory or with its node, what
	// was acknowledged meanwhile is lost.
	Async bool
	// MaxPendingRecords is the number of keys that may wait or be in the
	// quarantine, 0 for any. At it, new keys are refused and pending ones are
	// still updated.
	MaxPendingRecords int
	// SizeLimitBytes is the size of the spool volume, 0 for unknown. Above 90 %
	// of it all updates are refused.
	SizeLimitBytes int64
	// MemoryBytes is what the process may take, 0 for unknown.
	MemoryBytes int64
	// ReplayWindow is how long confirmed batches are kept; 0 keeps none.
	ReplayWindow time.Duration
	// EventIDs bounds which repeated event ids are recognized.
	EventIDs EventIDs
}

const (
	highWaterPercent = 80
	fullPercent      = 90

	// maxRhythms bounds the keys of which the rhythm is known while they are not
	// pending, about 80 bytes each.
	maxRhythms = 200_000

	// maxKeptBytes bounds the confirmed batches, encoded, which are in memory and
	// on disk; of a small volume or little memory they get an eighth.
	maxKeptBytes = 32 << 20

	// maxHeadroom is what must be free on the file system for freezing and
	// confirming, a quarter of the limit on a small volume.
	maxHeadroom = 32 << 20

	// maxStartJitter spreads what is overdue at start, so that pods that
	// start together don't write together.
	maxStartJitter = 10 * time.Second
)

// completion is what completes a lesson.
func (p *Policy) completion() progress.Completion {
	return progress.Completion{Threshold: p.CompletionThreshold, ByWatched: p.CompletionByWatched}
}

// highWater is the number of pending records above which the oldest become due.
func (p *Policy) highWater() int64 {
	if p.MaxPendingRecords <= 0 {
		return 1<<63 - 1
	}
	return int64(p.MaxPendingRecords) * highWaterPercent / 100
}

// full reports whether a spool of so many bytes takes no more updates.
func (p *Policy) full(spool int64) bool {
	return p.SizeLimitBytes > 0 && spool >= p.SizeLimitBytes/100*fullPercent
}

// headroom is the space that the file system must have left.
func (p *Policy) headroom() uint64 {
	if p.SizeLimitBytes <= 0 {
		return maxHeadroom
	}
	return uint64(min(p.SizeLimitBytes/4, maxHeadroom))
}

// keptBytes is how much of confirmed batches one lane may keep.
func (p *Policy) keptBytes(lanes int) int64 {
	kept := int64(maxKeptBytes)
	if p.SizeLimitBytes > 0 {
		kept = min(p.SizeLimitBytes/8, kept)
	}
	if p.MemoryBytes > 0 {
		kept = min(p.MemoryBytes/8, kept)
	}
	return kept / int64(lanes)
}

// startJitter is the longest delay that a record overdue at start is given.
func (p *Policy) startJitter() time.Duration {
	return min(p.longest().Interval/10, maxStartJitter)
}

// longest are the terms by which a record may wait for longest.
func (p *Policy) longest() timing.Terms {
	byInterval := func(a, b timing.Terms) int { return cmp.Compare(a.Interval, b.Interval) }
	return slices.MaxFunc(p.Terms.All(), byInterval)
}

// rhythms is of how many keys that are not pending a lane may know the rhythm.
func (p *Policy) rhythms(lanes int) int {
	if p.MaxPendingRecords <= 0 {
		return maxRhythms / lanes
	}
	return min(p.MaxPendingRecords, maxRhythms) / lanes
}
