package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit/program"
)

// newest is how many rows are shown.
const newest = 8

// row is what is shown of a row of the table.
type row struct {
	learner, course, lesson string
	position, percentage    float64
	completed               bool
	updates                 int64
	received                *time.Time
}

// show redraws the state every second until ctx or the sidecar ends. Where
// there is no terminal it prints a line at each change. While Postgres does not
// answer, the rows are those that were read last.
func (s *sandbox) show(ctx context.Context) error {
	pool, err := pgxpool.New(ctx, s.uri())
	if err != nil {
		return fmt.Errorf("connecting to Postgres: %w", err)
	}
	defer pool.Close()
	terminal := isTerminal(os.Stdout)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	shown := ""
	var rows []row
	for {
		document, err := s.document(ctx)
		if fresh, failure := readRows(ctx, pool); failure == nil {
			rows = fresh
		}
		switch {
		case ctx.Err() != nil:
			fmt.Println()
			return nil
		case err != nil:
			return err
		case terminal:
			next := strings.Join(append([]string{stateLine(document, time.Now())}, table(rows)...), "\n")
			fmt.Print(redraw(shown, next))
			shown = next
		default:
			if next := fmt.Sprintf("%s; %d rows", stateLine(document, time.Time{}), len(rows)); next != shown {
				fmt.Println(time.Now().Format(time.TimeOnly), next)
				shown = next
			}
		}
		select {
		case <-ctx.Done():
		case <-second.C:
		}
	}
}

func (s *sandbox) document(ctx context.Context) (d status.Document, err error) {
	if err := s.sidecar.Document(ctx, &d); err != nil {
		return d, fmt.Errorf("%w\n%s", err, program.Tail(s.sidecar.Log))
	}
	return d, nil
}

// readRows returns none as long as the sidecar has not made the table.
func readRows(ctx context.Context, pool *pgxpool.Pool) ([]row, error) {
	var there bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass('progress_sync.lesson_progress') IS NOT NULL").Scan(&there); err != nil || !there {
		return nil, err
	}
	result, err := pool.Query(ctx, `
SELECT user_id, course_id, lesson_id, coalesce(position_seconds, 0), percentage, completed, update_count, received_at
FROM progress_sync.lesson_progress ORDER BY received_at DESC NULLS LAST LIMIT $1`, newest)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(result, func(from pgx.CollectableRow) (r row, err error) {
		err = from.Scan(&r.learner, &r.course, &r.lesson, &r.position, &r.percentage, &r.completed, &r.updates, &r.received)
		return r, err
	})
}

// stateLine says how syncing goes; with the zero time it leaves out what
// changes by itself.
func stateLine(d status.Document, now time.Time) string {
	parts := []string{
		fmt.Sprintf("%-8s", d.Sync.State),
		fmt.Sprintf("%d accepted", d.Counters.UpdatesAccepted),
		fmt.Sprintf("%d not saved yet", d.Sync.PendingUpdates),
		fmt.Sprintf("%d rows written", d.Counters.RowsWritten),
	}
	if d.Counters.UpdatesRejected > 0 {
		parts = append(parts, fmt.Sprintf("%d rejected", d.Counters.UpdatesRejected))
	}
	if at := d.Sync.NextSyncAt; at != nil && !now.IsZero() {
		parts = append(parts, fmt.Sprintf("next write in %d s", max(0, int(at.Sub(now).Seconds()+0.5))))
	}
	if d.Sync.Error != nil {
		parts = append(parts, d.Sync.Error.Message)
	}
	return strings.Join(parts, " · ")
}

func table(rows []row) []string {
	lines := []string{fmt.Sprintf("%-16s %-16s %-16s %9s %6s %-5s %7s  %s", "learner", "course", "lesson", "position", "%", "done", "updates", "received")}
	for _, r := range rows {
		received := "-"
		if r.received != nil {
			received = r.received.Local().Format(time.TimeOnly)
		}
		lines = append(lines, fmt.Sprintf("%-16.16s %-16.16s %-16.16s %9.1f %6.1f %-5t %7d  %s",
			r.learner, r.course, r.lesson, r.position, r.percentage, r.completed, r.updates, received))
	}
	return lines
}

// redraw moves the cursor to the start of what was shown before and replaces
// it.
func redraw(before, now string) string {
	up := ""
	if before != "" {
		if lines := strings.Count(before, "\n"); lines > 0 {
			up = fmt.Sprintf("\x1b[%dA", lines)
		}
	}
	// A line that is longer than the terminal is wide would need two.
	return up + "\r\x1b[J\x1b[?7l" + now + "\x1b[?7h"
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
