package alternative

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/many.sql
var upsertMany string

//go:embed sql/table.sql
var table string

// CreateTable makes the table of the alternatives anew.
func CreateTable(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, table); err != nil {
		return fmt.Errorf("creating the alternatives' table: %w", err)
	}
	return nil
}

// Bulk writes one row for each of rows learners with the fastest upsert we
// know, size rows a transaction, on one connection, and returns how long the
// database took. Batches are prepared before the clock starts.
func Bulk(ctx context.Context, conn *pgx.Conn, rows, size int) (time.Duration, error) {
	batches := make([][]any, 0, rows/size+1)
	for first := 0; first < rows; first += size {
		batches = append(batches, columns(first, min(first+size, rows)))
	}
	start := time.Now()
	for _, arguments := range batches {
		if _, err := conn.Exec(ctx, upsertMany, arguments...); err != nil {
			return 0, fmt.Errorf("writing a batch of %d: %w", size, err)
		}
	}
	return time.Since(start), nil
}

func columns(first, end int) []any {
	n := end - first
	var (
		users, courses, lessons, modules           = make([]string, n), make([]string, n), make([]string, n), make([]string, n)
		position, duration, percentage, spent, spd = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		seeks, pauses, counts                      = make([]int64, n), make([]int64, n), make([]int64, n)
		completed                                  = make([]bool, n)
		at                                         = make([]time.Time, n)
		now                                        = time.Now()
	)
	for i := range n {
		learner := first + i
		users[i] = fmt.Sprintf("learner-%d", learner)
		courses[i] = fmt.Sprintf("course-%d", learner%40)
		lessons[i] = fmt.Sprintf("lesson-%d", learner%400)
		modules[i] = "module-3"
		position[i], duration[i], percentage[i] = 600, 2400, 25
		spent[i], spd[i], counts[i], at[i] = 180, 1.25, 36, now
	}
	return []any{users, courses, lessons, modules, position, duration, percentage, spent, seeks, pauses, spd, completed, at, counts}
}
