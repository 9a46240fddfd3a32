package truth

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// OwnTable is the one that the migrations make.
const OwnTable = "progress_sync.lesson_progress"

// Row is a row of it. What was never set is the zero
// value, whether the table holds NULL or zero.
type Row struct {
	Key
	ModuleID       string
	Position       float64
	MaxPosition    float64
	Duration       float64
	Percentage     float64
	Watched        float64
	Seen           Seen
	TimeSpent      int64 // microseconds
	SeekEvents     int64
	PauseEvents    int64
	PlaybackSpeed  float64
	UpdateCount    int64
	Completed      bool
	CompletedAt    time.Time
	FirstWatchedAt time.Time
	LastWatchedAt  time.Time
}

const selectRows = `
SELECT user_id, course_id, lesson_id, coalesce(module_id, ''),
       coalesce(position_seconds, 0), coalesce(max_position_seconds, 0), coalesce(duration_seconds, 0),
       coalesce(percentage, 0), coalesce(watched_seconds, 0), rtrim(coalesce(watched::text, ''), '0'), coalesce(watched_step, 0), round(coalesce(time_spent_seconds, 0) * 1e6)::bigint,
       coalesce(seek_events, 0), coalesce(pause_events, 0), coalesce(playback_speed, 0),
       coalesce(update_count, 0), coalesce(completed, false),
       completed_at, first_watched_at, last_watched_at
FROM `

// ReadRows reads all rows of a table as it is now, which has the columns of
// OwnTable.
func ReadRows(ctx context.Context, conn *pgx.Conn, table string) ([]Row, error) {
	result, err := conn.Query(ctx, selectRows+table)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	rows, err := pgx.CollectRows(result, func(from pgx.CollectableRow) (Row, error) {
		var r Row
		var completed, first, last *time.Time
		err := from.Scan(&r.UserID, &r.CourseID, &r.LessonID, &r.ModuleID,
			&r.Position, &r.MaxPosition, &r.Duration,
			&r.Percentage, &r.Watched, &r.Seen.Bits, &r.Seen.Step, &r.TimeSpent,
			&r.SeekEvents, &r.PauseEvents, &r.PlaybackSpeed,
			&r.UpdateCount, &r.Completed,
			&completed, &first, &last)
		r.CompletedAt, r.FirstWatchedAt, r.LastWatchedAt = orZero(completed), orZero(first), orZero(last)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	return rows, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
