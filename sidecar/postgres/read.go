package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// MaxReadRecords is the most that one Read returns.
const MaxReadRecords = 10_000

// ErrTooManyRecords says that a learner has more lessons than one Read returns.
var ErrTooManyRecords = fmt.Errorf("more than %d lessons: ask for one course at a time", MaxReadRecords)

// Filter says what to read. UserID is needed, the others match all if empty.
type Filter struct {
	UserID, CourseID, LessonID string
}

// Read returns what is saved, sorted by key. It waits no longer than
// ReadTimeout for all of it, a connection included, and leaves at least every
// other turn on the connections to writes.
func (d *Database) Read(ctx context.Context, filter Filter) ([]progress.Record, error) {
	const what = "reading progress"
	if filter.UserID == "" {
		return nil, named(what, errors.New("it needs a learner"))
	}
	s := d.session()
	ctx, cancel := context.WithTimeout(ctx, s.options.ReadTimeout)
	defer cancel()
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, named(what, ctx.Err())
	}
	var records []progress.Record
	err := s.withConnection(ctx, s.options.ReadTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		return bounded(ctx, conn, s.options.ReadTimeout, readSQL, func(rows pgx.Rows) (err error) {
			records, err = pgx.CollectRows(rows, scanRecord)
			return err
		}, filter.UserID, filter.CourseID, filter.LessonID, int32(MaxReadRecords+1))
	})
	if err == nil && len(records) > MaxReadRecords {
		err = ErrTooManyRecords
	}
	if err != nil {
		return nil, named(what, err)
	}
	return records, nil
}

// scanRecord reads a row of read.sql.
func scanRecord(row pgx.CollectableRow) (progress.Record, error) {
	var (
		r                                         progress.Record
		module                                    pgtype.Text
		position, duration, speed                 pgtype.Float8
		timeSpent                                 float64
		generation                                int64
		completed, first, last, received          pgtype.Timestamptz
		moduleAt, positionAt, durationAt, speedAt pgtype.Timestamptz
		moduleIn, positionIn, durationIn, speedIn pgtype.Timestamptz
	)
	err := row.Scan(&r.UserID, &r.CourseID, &r.LessonID, &module, &position, &r.MaxPosition,
		&duration, &r.Percentage, &r.Watched, &timeSpent, &speed,
		&r.SeekEvents, &r.PauseEvents, &r.UpdateCount, &r.Completed, &completed, &first,
		&last, &generation, &received, &moduleAt, &moduleIn, &positionAt,
		&positionIn, &durationAt, &durationIn, &speedAt, &speedIn)
	if err != nil {
		return progress.Record{}, err
	}
	r.ModuleID, r.Position, r.Duration, r.PlaybackSpeed = module.String, position.Float64, duration.Float64, speed.Float64
	r.TimeSpent = progress.Micros(timeSpent)
	r.Generation = progress.Instant(generation)
	r.CompletedAt, r.FirstWatchedAt = instantOf(completed), instantOf(first)
	r.LastWatchedAt, r.ReceivedAt = instantOf(last), instantOf(received)
	r.ModuleStamp = progress.Stamp{At: instantOf(moduleAt), Received: instantOf(moduleIn)}
	r.PositionStamp = progress.Stamp{At: instantOf(positionAt), Received: instantOf(positionIn)}
	r.DurationStamp = progress.Stamp{At: instantOf(durationAt), Received: instantOf(durationIn)}
	r.SpeedStamp = progress.Stamp{At: instantOf(speedAt), Received: instantOf(speedIn)}
	return r, nil
}

func instantOf(t pgtype.Timestamptz) progress.Instant {
	if !t.Valid {
		return 0
	}
	return progress.InstantOf(t.Time)
}
