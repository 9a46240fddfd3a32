package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// An id that the type of the mapped column can't hold, such as one that a domain
// excludes, is in no row: the refusal of the cast proves it. So such a learner can
// be erased although the statement that would delete the rows fails. What KeyForms
// knows of numbers and UUIDs is not even asked. A trigger may fail with the same SQLSTATE, therefore the cast is asked alone.

// heldByNoRow reports whether an erasure failed because no row can hold the id.
func (d *Database) heldByNoRow(ctx context.Context, s session, userID string, err error) bool {
	if Classify(err).Retry != Data {
		return false
	}
	t := d.seen.Load()
	if t == nil || !t.mapping.Equal(s.options.Mapping) {
		return false
	}
	var null bool
	cast := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, t.holds, userID).Scan(&null)
	})
	return Classify(cast).Retry == Data
}

// entomb enters the erasure of a learner who has no row, for the sidecars that
// still hold something of the learner.
func (d *Database) entomb(ctx context.Context, s session, userID string, before time.Time) (Erased, error) {
	var erased Erased
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, d.sql.statementTimeout, serverTimeout(ctx, s.options.StatementTimeout)); err != nil {
				return err
			}
			var entered bool
			err := tx.QueryRow(ctx, d.sql.tombstone, userID, before).Scan(&entered)
			if errors.Is(err, pgx.ErrNoRows) {
				erased.Repeated = true
				return nil
			}
			return err
		})
	})
	return erased, err
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
