package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Which parts of an update are written, beside its numbers, whose bits are their
// places in updateNumbers; a part that is not is zero.
const (
	hasUpdateModule = 1 << (iota + updateNumberCount)
	hasUpdateSeeks
	hasUpdatePauses
	hasUpdateCompleted
	hasUpdateOccurred
	hasUpdateSent
	hasUpdateReported
	hasUpdateSegments

	allUpdateParts = 1<<(iota+updateNumberCount) - 1
)

const updateNumberCount = 6

// updateNumbers are the values that an update may leave out. Their places are never
// changed or used again.
func updateNumbers(u *progress.Update) [updateNumberCount]*progress.Number {
	return [...]*progress.Number{
		&u.CurrentTime, &u.Duration, &u.Percentage, &u.WatchedDuration, &u.WatchedDelta, &u.PlaybackSpeed,
	}
}

// appendUpdate writes u with its key.
func appendUpdate(dst []byte, u *progress.Update) []byte {
	parts := updateParts(u)
	dst = appendString(append(dst, entryVersion), u.UserID)
	dst = appendString(dst, u.CourseID)
	dst = appendString(dst, u.LessonID)
	dst = appendString(dst, u.EventID)
	dst = binary.AppendUvarint(dst, parts)
	for _, n := range updateNumbers(u) {
		if n.Set {
			dst = appendFloat(dst, n.Value)
		}
	}
	if parts&hasUpdateModule != 0 {
		dst = appendString(dst, u.ModuleID)
	}
	if parts&hasUpdateSeeks != 0 {
		dst = binary.AppendVarint(dst, u.SeekEvents)
	}
	if parts&hasUpdatePauses != 0 {
		dst = binary.AppendVarint(dst, u.PauseEvents)
	}
	if parts&hasUpdateOccurred != 0 {
		dst = appendInstant(dst, u.OccurredAt)
	}
	if parts&hasUpdateSent != 0 {
		dst = appendInstant(dst, u.SentAt)
	}
	if parts&hasUpdateReported != 0 {
		dst = appendInstant(dst, u.ReportedAt)
	}
	if parts&hasUpdateSegments != 0 {
		dst = appendSegments(dst, u.WatchedSegments)
	}
	return dst
}

func updateParts(u *progress.Update) (parts uint64) {
	set := func(part uint64, there bool) {
		if there {
			parts |= part
		}
	}
	for i, n := range updateNumbers(u) {
		set(1<<i, n.Set)
	}
	set(hasUpdateModule, u.ModuleID != "")
	set(hasUpdateSeeks, u.SeekEvents != 0)
	set(hasUpdatePauses, u.PauseEvents != 0)
	set(hasUpdateCompleted, u.Completed)
	set(hasUpdateOccurred, u.OccurredAt != 0)
	set(hasUpdateSent, u.SentAt != 0)
	set(hasUpdateReported, u.ReportedAt != 0)
	set(hasUpdateSegments, u.WatchedSegments.Bits != "")
	return parts
}

// decodeUpdate reads what appendUpdate wrote.
func decodeUpdate(d *decoder) (u progress.Update) {
	d.version()
	u.Key = progress.Key{UserID: d.string(), CourseID: d.string(), LessonID: d.string()}
	u.EventID = d.string()
	parts := d.uvarint()
	if parts&^allUpdateParts != 0 {
		d.fail(errMalformed)
	}
	for i, n := range updateNumbers(&u) {
		if parts&(1<<i) != 0 {
			*n = progress.Some(d.float())
		}
	}
	if parts&hasUpdateModule != 0 {
		u.ModuleID = d.string()
	}
	if parts&hasUpdateSeeks != 0 {
		u.SeekEvents = d.varint()
	}
	if parts&hasUpdatePauses != 0 {
		u.PauseEvents = d.varint()
	}
	u.Completed = parts&hasUpdateCompleted != 0
	if parts&hasUpdateOccurred != 0 {
		u.OccurredAt = d.instant()
	}
	if parts&hasUpdateSent != 0 {
		u.SentAt = d.instant()
	}
	if parts&hasUpdateReported != 0 {
		u.ReportedAt = d.instant()
	}
	if parts&hasUpdateSegments != 0 {
		u.WatchedSegments = d.segments()
	}
	return u
}
