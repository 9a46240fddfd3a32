package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Erased is what an erasure has done.
type Erased struct {
	// Rows is how many were deleted.
	Rows int64
	// Repeated says that an erasure as late had happened already, and that
	// nothing was done.
	Repeated bool
}

// Erase deletes all rows of a learner, and fails if one is still there or may
// be hidden. No sidecar writes afterwards what reached it until the given time.
// A row that has later updates in it goes as a whole.
//
// It happens as a whole or not at all. An erasure that has happened already, as
// late as this one or later, is not repeated, so that it may be asked for again
// after an error without deleting what came in since.
func (d *Database) Erase(ctx context.Context, userID string, before time.Time) (Erased, error) {
	const what = "erasing a learner"
	if userID == "" {
		return Erased{}, named(what, errors.New("it needs a learner"))
	}
	s := d.session()
	var erased Erased
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.ready(ctx, s.options, conn)
		if err != nil {
			return err
		}
		// An id that no row can have is in none. Its updates are refused all
		// the same.
		row, fits := t.forms.query(Filter{UserID: userID})
		user := pgtype.Text{String: row.UserID, Valid: fits}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, d.sql.statementTimeout, serverTimeout(ctx, s.options.StatementTimeout)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, d.sql.lockLedger); err != nil {
				return err
			}
			var entered bool
			err := tx.QueryRow(ctx, d.sql.tombstone, row.UserID, before).Scan(&entered)
			if errors.Is(err, pgx.ErrNoRows) {
				erased = Erased{Repeated: true}
				return nil
			}
			if err != nil {
				return err
			}
			learner := append([]any{user}, t.keyFixed...)
			tag, err := tx.Exec(ctx, t.erase, learner...)
			if err != nil {
				return err
			}
			erased = Erased{Rows: tag.RowsAffected()}
			if err := d.eraseEvents(ctx, tx, t, row.UserID, before, erased.Rows); err != nil {
				return err
			}
			if err := d.eraseDays(ctx, tx, t, row.UserID); err != nil {
				return err
			}
			var remains, visible bool
			if err := tx.QueryRow(ctx, t.remains, learner...).Scan(&remains, &visible); err != nil {
				return err
			}
			switch {
			case remains:
				return rowsRemain(t.name)
			case !visible:
				return rowsHidden(t.name)
			default:
				return nil
			}
		})
	})
	if err != nil {
		d.forgetSchema(err)
		return Erased{}, named(what, erasureRefused(err))
	}
	return erased, nil
}

// eraseEvents removes the events of a learner, also those of a time when there were
// events, and tells of the erasure if there are any.
func (d *Database) eraseEvents(ctx context.Context, tx pgx.Tx, t *target, userID string, before time.Time, rows int64) error {
	var there bool
	if err := tx.QueryRow(ctx, d.sql.hasOutbox).Scan(&there); err != nil {
		return err
	}
	if !there && !t.events {
		return nil
	}
	_, err := tx.Exec(ctx, d.sql.eraseEvents, userID, t.told, rows, before, before.UnixMicro(), t.events, EventErased)
	return err
}

// erasureRefused says of an erasure what Classify would say of a record: nothing
// is set aside, and the learner's rows are still there.
func erasureRefused(cause error) error {
	failure := Classify(cause)
	if failure.Retry != Data && failure.Retry != Suspect {
		return cause
	}
	failure.Class, failure.Kind, failure.Retry = Other, KindServer, Hold
	failure.Message = fmt.Sprintf("Postgres refuses to delete the rows of a learner (SQLSTATE %s). Look into the server's log, for "+
		"instance for a trigger or a foreign key of the table that holds the records; it is tried again by itself.", failure.SQLState)
	return &setupError{failure: failure, cause: cause}
}
