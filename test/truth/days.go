package truth

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// attendance is what a learner did in a course.
type attendance struct{ UserID, CourseID string }

// effort is how much that was.
type effort struct{ updates, micros int64 }

// VerifyDays reads what was added to the days of the learners of one table, and returns how
// it differs from the sums of all its rows, none of which was ever reset.
func VerifyDays(ctx context.Context, conn *pgx.Conn, table string, rows []Row) ([]string, error) {
	want := map[attendance]effort{}
	for _, r := range rows {
		of := attendance{r.UserID, r.CourseID}
		sum := want[of]
		want[of] = effort{sum.updates + r.UpdateCount, sum.micros + r.TimeSpent}
	}
	found, err := conn.Query(ctx, `SELECT user_id, course_id, sum(updates)::bigint, sum(round(seconds * 1e6))::bigint
		FROM progress_sync.activity_daily WHERE split_part(replace(target, '"', ''), ' ', 1) = $1 GROUP BY user_id, course_id`, table)
	if err != nil {
		return nil, fmt.Errorf("reading the days of learners: %w", err)
	}
	var differences []string
	var of attendance
	var got effort
	_, err = pgx.ForEachRow(found, []any{&of.UserID, &of.CourseID, &got.updates, &got.micros}, func() error {
		if got != want[of] {
			differences = append(differences, fmt.Sprintf("%s in %s: %+v, want %+v", of.UserID, of.CourseID, got, want[of]))
		}
		delete(want, of)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the days of learners: %w", err)
	}
	for of, sum := range want {
		if sum != (effort{}) {
			differences = append(differences, fmt.Sprintf("%s in %s: no day, want %+v", of.UserID, of.CourseID, sum))
		}
	}
	slices.Sort(differences)
	return differences, nil
}
