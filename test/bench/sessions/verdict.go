package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/bench/viewing"
)

// played is what was sent to a sidecar and what it wrote, by key and in order.
type played struct {
	sent, writes map[progress.Key][]mark
}

// read returns the rows of the journal.
func read(ctx context.Context, conn *pgx.Conn) (map[progress.Key][]mark, error) {
	rows, err := conn.Query(ctx, "SELECT at, user_id, lesson_id, position FROM writes ORDER BY at")
	if err != nil {
		return nil, fmt.Errorf("reading what is written: %w", err)
	}
	all := map[progress.Key][]mark{}
	key := progress.Key{CourseID: "course"}
	var w mark
	_, err = pgx.ForEachRow(rows, []any{&w.at, &key.UserID, &key.LessonID, &w.position}, func() error {
		all[key] = append(all[key], w)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is written: %w", err)
	}
	return all, nil
}

// outcome of sessions.
type outcome struct {
	rows int
	// finals are how long the last state of each session took to its row, without those
	// that it did not reach.
	finals []time.Duration
	// longest that any change took to its row.
	longest time.Duration
	// hours that the lessons were watched.
	hours float64
}

func (p played) outcome(sessions []viewing.Session) (o outcome) {
	for i := range sessions {
		s := &sessions[i]
		sent, writes := p.sent[s.Key], p.writes[s.Key]
		o.rows += len(writes)
		o.hours += (s.Last + viewing.LessonHeartbeat - s.Moments[0].At).Hours()
		next := 0 // the first change that is not saved
		for _, w := range writes {
			if next < len(sent) && sent[next].position <= w.position {
				o.longest = max(o.longest, w.at.Sub(sent[next].at))
			}
			for next < len(sent) && sent[next].position <= w.position {
				next++
			}
			if next == len(sent) {
				o.finals = append(o.finals, w.at.Sub(sent[next-1].at))
				break
			}
		}
	}
	return o
}

func (o outcome) within(limit time.Duration) float64 {
	n := 0
	for _, lag := range o.finals {
		if lag <= limit {
			n++
		}
	}
	return 100 * float64(n) / float64(len(o.finals))
}

func leavingTable(kinds []kind, fixed, early played) string {
	var b strings.Builder
	b.WriteString("| clients | the interval alone: within 10 s | 30 s | rows | Auto and hints: within 10 s | 30 s | rows | rows in percent | not saved |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, k := range kinds {
		f, e := fixed.outcome(k.sessions), early.outcome(k.sessions)
		missing := 2*len(k.sessions) - len(f.finals) - len(e.finals)
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %d | %.1f | %.1f | %d | %.1f | %d |\n", k.name,
			f.within(10*time.Second), f.within(30*time.Second), f.rows,
			e.within(10*time.Second), e.within(30*time.Second), e.rows, 100*float64(e.rows)/float64(f.rows), missing)
	}
	return b.String()
}

func classTable(classes []kind, p played) string {
	var b strings.Builder
	b.WriteString("| class | lesson-hours | rows | rows a lesson-hour | longest from a change to its row |\n|---|---|---|---|---|\n")
	for _, k := range classes {
		o := p.outcome(k.sessions)
		fmt.Fprintf(&b, "| %s | %.1f | %d | %.1f | %.1f s |\n", k.name, o.hours, o.rows, float64(o.rows)/o.hours, o.longest.Seconds())
	}
	return b.String()
}
