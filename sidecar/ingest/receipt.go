package ingest

import (
	"strconv"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// appendReceipt writes what a page has to know of a key besides what it has sent: where
// others have got the learner, and how to tell later whether this is saved.
func appendReceipt(b []byte, r *buffer.Result) []byte {
	switch {
	case r.Err != nil:
		return append(b, "null"...)
	case isAllSaved(r):
		return append(b, `{"saved":true}`...)
	}
	b = append(b, `{"positionSeconds":`...)
	b = appendFloat(b, r.Record.Position)
	b = append(b, `,"percentage":`...)
	b = appendFloat(b, r.Record.Percentage)
	if r.Record.Completed {
		b = append(b, `,"completed":true`...)
	}
	if r.Record.LastWatchedAt != 0 {
		b = append(b, `,"lastWatchedAt":`...)
		b = appendTime(b, r.Record.LastWatchedAt.Time())
	}
	if r.Record.Generation != 0 {
		b = append(b, `,"generation":`...)
		b = strconv.AppendInt(b, int64(r.Record.Generation), 10)
	}
	return append(b, '}')
}

// appendBriefSync writes what of a sync state a page acts on.
func appendBriefSync(b []byte, s *state.SyncState, stale bool) []byte {
	b = append(b, `{"pendingUpdates":`...)
	b = strconv.AppendInt(b, s.PendingUpdates, 10)
	if s.NextSyncAt != nil {
		b = append(b, `,"nextSyncAt":`...)
		b = appendTime(b, *s.NextSyncAt)
	}
	if s.Error != nil {
		b = append(b, `,"error":{"kind":`...)
		b = appendString(b, s.Error.Kind)
		b = append(b, `,"message":`...)
		b = appendString(b, s.Error.Message)
		b = append(b, '}')
	}
	b = append(b, `,"writer":`...)
	b = appendString(b, s.Writer)
	if stale {
		b = append(b, `,"stale":true`...)
	}
	return append(b, '}')
}
