package spool

import (
	"encoding/binary"
	"math"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Which parts of a record are written; a part that is not is zero.
const (
	hasGeneration = 1 << iota
	hasModule
	hasPosition
	hasDuration
	hasSpeed
	hasMaxPosition
	hasPercentage
	hasWatched
	hasTimeSpent
	hasSeeks
	hasPauses
	hasCompletion
	isCompleted

	allParts = isCompleted<<1 - 1
)

// appendRecord writes r without its key. Instants are written as differences
// to ReceivedAt, which are short.
func appendRecord(dst []byte, r *progress.Record) []byte {
	parts := partsOf(r)
	dst = append(dst, entryVersion)
	dst = binary.AppendUvarint(dst, parts)
	dst = appendInstant(dst, r.ReceivedAt)
	base := r.ReceivedAt
	if parts&hasGeneration != 0 {
		dst = appendInstant(dst, r.Generation)
	}
	if parts&hasModule != 0 {
		dst = appendString(dst, r.ModuleID)
		dst = appendStamp(dst, base, r.ModuleStamp)
	}
	if parts&hasPosition != 0 {
		dst = appendFloat(dst, r.Position)
		dst = appendStamp(dst, base, r.PositionStamp)
	}
	if parts&hasDuration != 0 {
		dst = appendFloat(dst, r.Duration)
		dst = appendStamp(dst, base, r.DurationStamp)
	}
	if parts&hasSpeed != 0 {
		dst = appendFloat(dst, r.PlaybackSpeed)
		dst = appendStamp(dst, base, r.SpeedStamp)
	}
	if parts&hasMaxPosition != 0 {
		dst = appendFloat(dst, r.MaxPosition)
	}
	if parts&hasPercentage != 0 {
		dst = appendFloat(dst, r.Percentage)
	}
	if parts&hasWatched != 0 {
		dst = appendFloat(dst, r.Watched)
	}
	if parts&hasTimeSpent != 0 {
		dst = binary.AppendVarint(dst, r.TimeSpent)
	}
	if parts&hasSeeks != 0 {
		dst = binary.AppendVarint(dst, r.SeekEvents)
	}
	if parts&hasPauses != 0 {
		dst = binary.AppendVarint(dst, r.PauseEvents)
	}
	if parts&hasCompletion != 0 {
		dst = appendNear(dst, base, r.CompletedAt)
	}
	dst = appendNear(dst, base, r.FirstWatchedAt)
	dst = appendNear(dst, base, r.LastWatchedAt)
	return binary.AppendVarint(dst, r.UpdateCount)
}

func partsOf(r *progress.Record) uint64 {
	none := progress.Stamp{}
	var parts uint64
	set := func(part uint64, there bool) {
		if there {
			parts |= part
		}
	}
	set(hasGeneration, r.Generation != 0)
	set(hasModule, r.ModuleID != "" || r.ModuleStamp != none)
	set(hasPosition, math.Float64bits(r.Position) != 0 || r.PositionStamp != none)
	set(hasDuration, math.Float64bits(r.Duration) != 0 || r.DurationStamp != none)
	set(hasSpeed, math.Float64bits(r.PlaybackSpeed) != 0 || r.SpeedStamp != none)
	set(hasMaxPosition, math.Float64bits(r.MaxPosition) != 0)
	set(hasPercentage, math.Float64bits(r.Percentage) != 0)
	set(hasWatched, math.Float64bits(r.Watched) != 0)
	set(hasTimeSpent, r.TimeSpent != 0)
	set(hasSeeks, r.SeekEvents != 0)
	set(hasPauses, r.PauseEvents != 0)
	set(hasCompletion, r.CompletedAt != 0)
	set(isCompleted, r.Completed)
	return parts
}

// decodeRecord reads what appendRecord wrote; the key is the caller's.
func decodeRecord(d *decoder, r *progress.Record) {
	d.version()
	parts := d.uvarint()
	if parts > allParts {
		d.fail(errMalformed)
	}
	r.ReceivedAt = d.instant()
	base := r.ReceivedAt
	if parts&hasGeneration != 0 {
		r.Generation = d.instant()
	}
	if parts&hasModule != 0 {
		r.ModuleID = d.string()
		r.ModuleStamp = d.stamp(base)
	}
	if parts&hasPosition != 0 {
		r.Position = d.float()
		r.PositionStamp = d.stamp(base)
	}
	if parts&hasDuration != 0 {
		r.Duration = d.float()
		r.DurationStamp = d.stamp(base)
	}
	if parts&hasSpeed != 0 {
		r.PlaybackSpeed = d.float()
		r.SpeedStamp = d.stamp(base)
	}
	if parts&hasMaxPosition != 0 {
		r.MaxPosition = d.float()
	}
	if parts&hasPercentage != 0 {
		r.Percentage = d.float()
	}
	if parts&hasWatched != 0 {
		r.Watched = d.float()
	}
	if parts&hasTimeSpent != 0 {
		r.TimeSpent = d.varint()
	}
	if parts&hasSeeks != 0 {
		r.SeekEvents = d.varint()
	}
	if parts&hasPauses != 0 {
		r.PauseEvents = d.varint()
	}
	if parts&hasCompletion != 0 {
		r.CompletedAt = d.near(base)
	}
	r.Completed = parts&isCompleted != 0
	r.FirstWatchedAt = d.near(base)
	r.LastWatchedAt = d.near(base)
	r.UpdateCount = d.varint()
}

func appendNear(dst []byte, base, i progress.Instant) []byte {
	return binary.AppendVarint(dst, int64(i-base))
}

func (d *decoder) near(base progress.Instant) progress.Instant {
	return base + progress.Instant(d.varint())
}

func appendStamp(dst []byte, base progress.Instant, s progress.Stamp) []byte {
	return appendNear(appendNear(dst, base, s.At), base, s.Received)
}

func (d *decoder) stamp(base progress.Instant) progress.Stamp {
	at := d.near(base)
	return progress.Stamp{At: at, Received: d.near(base)}
}
