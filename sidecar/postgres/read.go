package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// MaxReadRecords is the most that one ReadAt returns.
const MaxReadRecords = 10_000

// ErrTooManyRecords says that a learner has more lessons than one ReadAt
// returns.
var ErrTooManyRecords = fmt.Errorf("more than %d lessons: ask for one course at a time", MaxReadRecords)

// Filter says what to read. UserID is needed, the others match all if empty.
type Filter struct {
	UserID, CourseID, LessonID string
}

// Snapshot is what is saved at one moment.
type Snapshot struct {
	// Records are sorted by key, and have it in the form of the table.
	Records []progress.Record
	// Numbers of the last batch that the records include, for each lane of one
	// writer; empty before its first claim.
	Numbers []uint64
	// Forms tells which keys share a row, nil if none do. Where the course is no
	// part of the key, Records are those of all courses.
	Forms *KeyForms
}

// ReadAt returns what is saved of a learner together with how far a writer has
// come at that moment, so that the writer can tell which of its batches the
// records include. It waits no longer than ReadTimeout for all of it, a
// connection included, and leaves one of several connections, or the next turn
// on the only one, to writes.
func (d *Database) ReadAt(ctx context.Context, writer string, filter Filter) (Snapshot, error) {
	const what = "reading progress"
	if filter.UserID == "" {
		return Snapshot{}, named(what, errors.New("it needs a learner"))
	}
	id, err := uuid.Parse(writer)
	if err != nil {
		return Snapshot{}, named(what, err)
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
	err = d.withConnection(ctx, s, s.options.ReadTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.readable(ctx, s.options, conn)
		if err != nil {
			return err
		}
		query, fits := t.forms.query(filter)
		user := pgtype.Text{String: query.UserID, Valid: fits}
		arguments := append([]any{id.String(), user, query.CourseID, query.LessonID, int32(MaxReadRecords + 1)}, t.keyFixed...)
		return d.bounded(ctx, conn, s.options.ReadTimeout, t.snapshot, func(rows pgx.Rows) (err error) {
			snapshot, err = scanSnapshot(rows, t.name)
			snapshot.Forms = t.forms
			return err
		}, arguments...)
	})
	if err == nil && len(snapshot.Records) > MaxReadRecords {
		err = ErrTooManyRecords
	}
	if err != nil {
		return Snapshot{}, named(what, err)
	}
	if f := snapshot.Forms; f != nil {
		for i := range snapshot.Records {
			snapshot.Records[i].Key = f.Form(snapshot.Records[i].Key)
		}
	}
	return snapshot, nil
}

func scanSnapshot(rows pgx.Rows, table string) (Snapshot, error) {
	defer rows.Close()
	var s Snapshot
	row := newRow(progress.Fields())
	for rows.Next() {
		r, saved, err := row.scan(rows)
		if err != nil {
			return Snapshot{}, err
		}
		if !row.visible {
			return Snapshot{}, rowsHidden(table)
		}
		if saved {
			s.Records = append(s.Records, r)
		}
	}
	for _, n := range row.numbers {
		s.Numbers = append(s.Numbers, uint64(n))
	}
	return s, rows.Err()
}
