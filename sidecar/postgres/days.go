package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// days builds the part of applySQL that adds what learners did to their days, where that is
// asked for.
type days struct{ incoming }

func (d days) statement() string {
	if !d.daily {
		return ""
	}
	last, received := source(d.field("lastWatchedAt")), source(d.field("receivedAt"))
	return fill(load("add_day.sql"), map[string]string{
		"target": literal(d.eventTarget()),
		"incoming": d.lines([]string{
			"r.user_id", "r.course_id",
			fmt.Sprintf("(coalesce(%s, %s) AT TIME ZONE 'UTC')::date AS day", last, received),
			element(d.field("timeSpentSeconds")) + " AS micros",
			element(d.field("updateCount")) + " AS updates",
		}),
	})
}

// mayAddDays reports whether there is a table for days that the role may write to.
func (d *Database) mayAddDays(ctx context.Context, q querier) (may bool, err error) {
	var mayRemove bool
	err = q.QueryRow(ctx, d.sql.activityRights).Scan(&may, &mayRemove)
	return may, err
}

// eraseDays removes the days of a learner, also those of a time when days were kept.
func (d *Database) eraseDays(ctx context.Context, tx pgx.Tx, t *target, userID string) error {
	var mayAdd, may bool
	if err := tx.QueryRow(ctx, d.sql.activityRights).Scan(&mayAdd, &may); err != nil || !may {
		return err
	}
	_, err := tx.Exec(ctx, d.sql.eraseDays, userID, t.told)
	return err
}
