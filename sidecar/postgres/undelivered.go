package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Undelivered is an event that a receiver refused while it took others.
type Undelivered struct {
	Receiver, ID, Type string
	// At is when the event was written, FailedAt when it was last refused.
	At, FailedAt time.Time
	Reason       string
	// Status that was answered, 0 for none.
	Status, Attempts int
	// Again says that it is about to be sent once more.
	Again bool
}

// Undelivered returns dead letters of a policy's receivers, the oldest first, and whether
// there are more than the limit. It returns ErrEventsOff, ErrEventsUnmarked or an error of the
// database.
func (d *Database) Undelivered(ctx context.Context, policy string, limit int) (letters []Undelivered, more bool, err error) {
	err = d.ofUndelivered(ctx, "reading events that were refused", func(q outboxQuery) error {
		return q.run(q.sql.list, func(rows pgx.Rows) error {
			var u Undelivered
			var status pgtype.Int4
			_, err := pgx.ForEachRow(rows, []any{&u.Receiver, &u.ID, &u.Type, &u.At, &u.Reason, &status, &u.Attempts, &u.FailedAt, &u.Again}, func() error {
				u.Status = int(status.Int32)
				letters = append(letters, u)
				return nil
			})
			return err
		}, policy, int32(limit+1))
	})
	if len(letters) > limit {
		return letters[:limit], true, err
	}
	return letters, false, err
}

// Redeliver has the dead letters of a policy's receivers sent once more, all or that of one
// event, and returns how many there are. Errors are those of Undelivered.
func (d *Database) Redeliver(ctx context.Context, policy string, event uuid.NullUUID) (asked int, err error) {
	err = d.ofUndelivered(ctx, "having events sent again", func(q outboxQuery) error {
		id := pgtype.UUID{Bytes: event.UUID, Valid: event.Valid}
		return q.run(q.sql.redeliver, func(rows pgx.Rows) error {
			for rows.Next() {
				asked++
			}
			return rows.Err()
		}, policy, id)
	})
	return asked, err
}

func (d *Database) ofUndelivered(ctx context.Context, what string, f func(outboxQuery) error) error {
	if err := d.session().options.untold(); err != nil {
		return err
	}
	return (&Deliveries{database: d}).do(ctx, what, f)
}
