package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Snapshot is what is saved at one moment.
type Snapshot struct {
	Records []progress.Record // sorted by key
	// Numbers of the last batch that the records include, for each lane of one
	// writer; empty before its first claim.
	Numbers []uint64
}

// ReadAt is Read together with how far a writer has come at that moment, so
// that the writer can tell which of its batches the records include.
func (d *Database) ReadAt(ctx context.Context, writer string, filter Filter) (Snapshot, error) {
	const what = "reading progress"
	if filter.UserID == "" {
		return Snapshot{}, named(what, errors.New("it needs a learner"))
	}
	s := d.session()
	ctx, cancel := context.WithTimeout(ctx, s.options.ReadTimeout)
	defer cancel()
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return Snapshot{}, named(what, ctx.Err())
	}
	var snapshot Snapshot
	err := s.withConnection(ctx, s.options.ReadTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		return bounded(ctx, conn, s.options.ReadTimeout, mustSQL("snapshot.sql"), func(rows pgx.Rows) (err error) {
			snapshot, err = scanSnapshot(rows)
			return err
		}, writer, filter.UserID, filter.CourseID, filter.LessonID, int32(MaxReadRecords+1))
	})
	if err == nil && len(snapshot.Records) > MaxReadRecords {
		err = ErrTooManyRecords
	}
	if err != nil {
		return Snapshot{}, named(what, err)
	}
	return snapshot, nil
}

func scanSnapshot(rows pgx.Rows) (Snapshot, error) {
	defer rows.Close()
	var s Snapshot
	var numbers []int64
	for rows.Next() {
		raw := rows.RawValues()
		if raw[1] == nil { // nothing is saved: the numbers stand alone
			destination := make([]any, len(raw))
			destination[0] = &numbers
			if err := rows.Scan(destination...); err != nil {
				return Snapshot{}, err
			}
			continue
		}
		r, err := scanRecord(numbered{rows, &numbers})
		if err != nil {
			return Snapshot{}, err
		}
		s.Records = append(s.Records, r)
	}
	for _, n := range numbers {
		s.Numbers = append(s.Numbers, uint64(n))
	}
	return s, rows.Err()
}

// numbered is a row of read.sql behind the numbers.
type numbered struct {
	pgx.Rows
	numbers *[]int64
}

func (n numbered) Scan(destination ...any) error {
	return n.Rows.Scan(append([]any{n.numbers}, destination...)...)
}

// Connections is the number of open connections.
func (d *Database) Connections() int {
	s := d.session()
	if s.pool.pool == nil {
		return 0
	}
	return int(s.pool.pool.Stat().TotalConns())
}
