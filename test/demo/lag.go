package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/lms/web"
	"github.com/progress-sync/progress-sync/test/truth"
)

// lagWatch reads the rows several times a second, from outside, and notes
// when each of them changed: an update was saved by the time at which its row
// was first seen to be as new as it. That makes lags up to lagStep too long.
type lagWatch struct {
	seen []sighting
	last map[truth.Key]time.Time
}

type sighting struct {
	key     truth.Key
	through time.Time // the newest update that is in the row
	at      time.Time
}

const lagStep = 250 * time.Millisecond

// run reads them until ctx ends.
func (w *lagWatch) run(ctx context.Context, conn *pgx.Conn) error {
	w.last = map[truth.Key]time.Time{}
	tick := time.NewTicker(lagStep)
	defer tick.Stop()
	for {
		if err := w.read(ctx, conn); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *lagWatch) read(ctx context.Context, conn *pgx.Conn) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('progress_sync.lesson_progress') IS NOT NULL").Scan(&exists); err != nil {
		return fmt.Errorf("reading the rows: %w", err)
	}
	if !exists {
		return nil // the sidecars make it with their first write
	}
	rows, err := conn.Query(ctx, "SELECT user_id, course_id, lesson_id, last_watched_at FROM progress_sync.lesson_progress WHERE course_id <> $1", web.CourseID)
	if err != nil {
		return fmt.Errorf("reading the rows: %w", err)
	}
	at := time.Now()
	var key truth.Key
	var through time.Time
	_, err = pgx.ForEachRow(rows, []any{&key.UserID, &key.CourseID, &key.LessonID, &through}, func() error {
		if !through.Equal(w.last[key]) {
			w.last[key] = through
			w.seen = append(w.seen, sighting{key, through, at})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the rows: %w", err)
	}
	return nil
}

// lags of all acknowledged updates, sorted. Where two sidecars write to one row, as
// when a home can't be reached, its time does not tell which of them has saved, and a
// lag may be too short.
func (w *lagWatch) lags(entries []truth.Entry) []time.Duration {
	sightings := map[truth.Key][]sighting{}
	for _, s := range w.seen {
		sightings[s.key] = append(sightings[s.key], s)
	}
	var lags []time.Duration
	for _, e := range entries {
		if e.Outcome != truth.Acknowledged {
			continue
		}
		of := sightings[e.Update.Key]
		i, _ := slices.BinarySearchFunc(of, e.Update.OccurredAt, func(s sighting, at time.Time) int { return s.through.Compare(at) })
		if i < len(of) {
			lags = append(lags, of[i].at.Sub(e.Update.OccurredAt))
		}
	}
	slices.Sort(lags)
	return lags
}

// quantile of sorted lags, 0 to 1.
func quantile(lags []time.Duration, q float64) time.Duration {
	if len(lags) == 0 {
		return 0
	}
	return lags[int(q*float64(len(lags)-1))]
}
