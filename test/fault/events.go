package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/test/fault/world"
)

// feed reads the events of a table through any of its sidecars, one after the other, as
// a backend does, whatever happens to them meanwhile. It is for one goroutine.
type feed struct {
	table, target string
	sidecars      []*world.Sidecar
	client        *http.Client
	next          string // the rest of the address, with the cursor
	turn          int
	// ids are how often each event came.
	ids map[string]int
}

func newFeed(w *world.World, table string) *feed {
	f := &feed{
		table: table, target: table, client: &http.Client{Timeout: 5 * time.Second}, next: "/v1/events?limit=1000", ids: map[string]int{},
	}
	if table == world.MappedTable {
		f.target = world.MappedTarget
	}
	for _, s := range w.Sidecars {
		if s.Table == table {
			f.sidecars = append(f.sidecars, s)
		}
	}
	return f
}

// follow reads until ctx ends.
func (f *feed) follow(ctx context.Context) error {
	defer f.client.CloseIdleConnections()
	for wait(ctx, 100*time.Millisecond) {
		if _, err := f.read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drain reads all that there is.
func (f *feed) drain(ctx context.Context) error {
	defer f.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, savePatience)
	defer cancel()
	for {
		done, err := f.read(ctx)
		switch {
		case err != nil:
			return err
		case done:
			return nil
		case !wait(ctx, 10*time.Millisecond):
			return fmt.Errorf("reading the events of %s to their end: %w", f.table, ctx.Err())
		}
	}
}

// read reads a page from the next sidecar, if that answers, and reports whether it was
// the last. A refusal that no backend may meet is an error.
func (f *feed) read(ctx context.Context) (done bool, err error) {
	sidecar := f.sidecars[f.turn%len(f.sidecars)]
	f.turn++
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+sidecar.API()+f.next, http.NoBody)
	if err != nil {
		return false, fmt.Errorf("asking for events: %w", err)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return false, nil // it is down
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		return false, nil
	default:
		return false, fmt.Errorf("a sidecar answered with %s when it was asked for events", response.Status)
	}
	var events []struct{ ID, Type string }
	if err := json.NewDecoder(response.Body).Decode(&events); err != nil {
		return false, nil // it was killed meanwhile
	}
	link, rest, found := strings.Cut(strings.TrimPrefix(response.Header.Get("Link"), "<"), ">")
	if _, err := url.Parse(link); err != nil || !found || rest != `; rel="next"` {
		return false, fmt.Errorf("an answer with events goes on at %q", response.Header.Get("Link"))
	}
	for _, e := range events {
		f.ids[e.ID]++
	}
	f.next = link
	return len(events) == 0 && response.Header.Get("Events-Held-Back") == "", nil
}

const eventsSQL = `
WITH want AS (
	SELECT progress_sync.event_id($1, $2, user_id, course_id, lesson_id, generation)::text AS id FROM %s WHERE completed
), got AS (
	SELECT id::text, count(*) AS times FROM progress_sync.outbox WHERE target = $1 AND type = $2 GROUP BY id
)
SELECT coalesce(want.id, ''), coalesce(got.id, ''), coalesce(times, 0) FROM want FULL JOIN got ON want.id = got.id`

// departuresSQL has the events of learners who have left, and whether there is what they
// tell of.
const departuresSQL = `
SELECT o.id::text, count(*), bool_and(EXISTS (
	SELECT FROM %s AS p
	WHERE p.user_id::text = o.payload ->> 'userId' AND p.course_id::text = o.payload ->> 'courseId' AND p.lesson_id::text = o.payload ->> 'lessonId'
		AND (o.payload ->> 'leftAt')::timestamptz <= now()))
FROM progress_sync.outbox AS o WHERE o.target = $1 AND o.type = $2 GROUP BY o.id`

// departures returns the events of learners who have left. Each is once, and of a lesson.
func (f *feed) departures(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, fmt.Sprintf(departuresSQL, f.table), f.target, postgres.EventLeft)
	if err != nil {
		return nil, fmt.Errorf("reading who left: %w", err)
	}
	ids, twice, untrue := map[string]bool{}, 0, 0
	var id string
	var times int
	var found bool
	_, err = pgx.ForEachRow(rows, []any{&id, &times, &found}, func() error {
		if ids[id] = true; times > 1 {
			twice++
		}
		if !found {
			untrue++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading who left: %w", err)
	}
	if len(ids) == 0 {
		return nil, errors.New("nobody left a lesson of " + f.table + ", so that its events show nothing of that")
	}
	if twice+untrue > 0 {
		return nil, fmt.Errorf("of %d events of learners who left a lesson of %s, %d are there twice and %d are of no row", len(ids), f.table, twice, untrue)
	}
	return ids, nil
}

// told compares the events with the rows of all rounds: of each that is completed there
// is one, and a reader has seen it.
func (f *feed) told(ctx context.Context, conn *pgx.Conn) (events, again int, err error) {
	var missing, extra, twice, unread int
	var want, got string
	var times int
	known, err := f.departures(ctx, conn)
	if err != nil {
		return 0, 0, err
	}
	departures := len(known)
	events = departures
	for id := range known {
		if f.ids[id] == 0 {
			unread++
		}
	}
	rows, err := conn.Query(ctx, fmt.Sprintf(eventsSQL, f.table), f.target, postgres.EventCompleted)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the outbox: %w", err)
	}
	_, err = pgx.ForEachRow(rows, []any{&want, &got, &times}, func() error {
		switch {
		case got == "":
			missing++
		case want == "":
			extra++
		case times > 1:
			twice++
		}
		if known[want] = true; want != "" && f.ids[want] == 0 {
			unread++
		}
		events++
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("reading the outbox: %w", err)
	}
	untrue := 0
	for id, times := range f.ids {
		again += times - 1
		if !known[id] {
			untrue++
		}
	}
	if events == departures {
		return 0, 0, errors.New("no lesson of " + f.table + " was completed, so that its events show nothing")
	}
	if missing+extra+twice+unread+untrue > 0 {
		err = fmt.Errorf("%s has %d lessons without an event, %d events without a completed lesson and %d events twice; of its events %d were not read, and %d "+
			"were read that are none", f.table, missing, extra, twice, unread, untrue)
	}
	return events, again, err
}
