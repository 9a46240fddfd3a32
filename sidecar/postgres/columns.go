package postgres

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// columns are the arrays of applySQL, in the order of recordFields.
func columns() []column {
	return []column{
		text(func(r *progress.Record) string { return r.UserID }),
		text(func(r *progress.Record) string { return r.CourseID }),
		text(func(r *progress.Record) string { return r.LessonID }),
		{pgtype.TextArrayOID, pgtype.TextOID, func(b []byte, r *progress.Record) []byte {
			if r.ModuleStamp == (progress.Stamp{}) {
				return appendNull(b)
			}
			return appendText(b, r.ModuleID)
		}},
		stampedNumber(func(r *progress.Record) (float64, progress.Stamp) { return r.Position, r.PositionStamp }),
		number(func(r *progress.Record) float64 { return r.MaxPosition }),
		stampedNumber(func(r *progress.Record) (float64, progress.Stamp) { return r.Duration, r.DurationStamp }),
		number(func(r *progress.Record) float64 { return r.Percentage }),
		number(func(r *progress.Record) float64 { return r.Watched }),
		bigint(func(r *progress.Record) int64 { return r.TimeSpent }),
		stampedNumber(func(r *progress.Record) (float64, progress.Stamp) { return r.PlaybackSpeed, r.SpeedStamp }),
		bigint(func(r *progress.Record) int64 { return r.SeekEvents }),
		bigint(func(r *progress.Record) int64 { return r.PauseEvents }),
		bigint(func(r *progress.Record) int64 { return r.UpdateCount }),
		boolean(func(r *progress.Record) bool { return r.Completed }),
		instant(func(r *progress.Record) progress.Instant { return r.CompletedAt }),
		instant(func(r *progress.Record) progress.Instant { return r.FirstWatchedAt }),
		instant(func(r *progress.Record) progress.Instant { return r.LastWatchedAt }),
		bigint(func(r *progress.Record) int64 { return int64(r.Generation) }),
		instant(func(r *progress.Record) progress.Instant { return r.ReceivedAt }),
		instant(func(r *progress.Record) progress.Instant { return r.ModuleStamp.At }),
		instant(func(r *progress.Record) progress.Instant { return r.ModuleStamp.Received }),
		instant(func(r *progress.Record) progress.Instant { return r.PositionStamp.At }),
		instant(func(r *progress.Record) progress.Instant { return r.PositionStamp.Received }),
		instant(func(r *progress.Record) progress.Instant { return r.DurationStamp.At }),
		instant(func(r *progress.Record) progress.Instant { return r.DurationStamp.Received }),
		instant(func(r *progress.Record) progress.Instant { return r.SpeedStamp.At }),
		instant(func(r *progress.Record) progress.Instant { return r.SpeedStamp.Received }),
	}
}

// parameterTypes are the types of applySQL's parameters before the fixed values,
// so that it can be sent without asking the server for them.
func parameterTypes() []uint32 {
	types := []uint32{pgtype.UUIDOID, pgtype.Int4OID, pgtype.UUIDOID, pgtype.Int8OID, pgtype.Int8OID, pgtype.Int8OID}
	for _, c := range columns() {
		types = append(types, c.array)
	}
	return types
}
