package ingest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// quarantine gives the desk a real buffer that has set aside a record of each
// of the lessons, refused with the SQLSTATE.
func (d *desk) quarantine(t *testing.T, sqlState string, lessons ...string) *buffer.Buffer {
	t.Helper()
	b, ok := d.Handler.buffer.(*buffer.Buffer)
	if !ok {
		var err error
		b, err = buffer.Open(buffer.Options{Dir: "spool", FS: disktest.New(), Policy: buffer.Policy{
			Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), EventIDs: buffer.DefaultEventIDs(),
		}, FreeBytes: func(string) (uint64, error) { return 1 << 40, nil }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		d.Handler.buffer = b
	}
	for _, lesson := range lessons {
		u := progress.Update{SeekEvents: 3}
		u.UserID, u.CourseID, u.LessonID = "ada", "c", lesson
		if _, err := b.Put(t.Context(), []progress.Update{u}); err != nil {
			t.Fatal(err)
		}
		b.MakeDue(buffer.Filter{})
		for lane := range b.Lanes() {
			batches, err := b.FreezeRound(lane, time.Now(), 10, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(batches) == 0 {
				continue
			}
			if err := b.Quarantine(lane, batches[0].Number, buffer.DeadLetterReason{SQLState: sqlState, Constraint: "plausible"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

func (d *desk) call(t *testing.T, method, path string) answer {
	t.Helper()
	return d.ask(t, httptest.NewRequest(method, path, http.NoBody))
}

func TestDeadLettersAreListedByPages(t *testing.T) {
	d := newDesk()
	d.quarantine(t, "23514", "a", "b", "c")
	var seen []any
	path := "/v1/dead-letters?limit=2"
	for range 2 {
		a := d.call(t, http.MethodGet, path)
		if a.code != http.StatusOK {
			t.Fatalf("%d %s", a.code, a.text)
		}
		letters, _ := a.get(t, "deadLetters").([]any)
		for i := range letters {
			seen = append(seen, a.get(t, "deadLetters", i, "record", "lessonId"))
		}
		path = fmt.Sprintf("/v1/dead-letters?limit=2&cursor=%v", a.get(t, "next"))
	}
	if diff := cmp.Diff([]any{"a", "b", "c"}, seen); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(path, "cursor=<nil>") {
		t.Errorf("after the last page there is another: %s", path)
	}
	expect(t, d.call(t, http.MethodGet, "/v1/dead-letters/2"), http.StatusOK, map[string]any{
		"id": "2", "reason": "refused", "sqlState": "23514", "constraint": "plausible", "times": 1.0,
		"record.userId": "ada", "record.seekEvents": 3.0, "record.saved": false,
	})
}

func TestADeadLetterIsReplayedOrDeletedOnce(t *testing.T) {
	d := newDesk()
	b := d.quarantine(t, "23514", "a", "b")
	expect(t, d.call(t, http.MethodPost, "/v1/dead-letters/1/replay"), http.StatusOK, map[string]any{"replayed": 1.0})
	if held := b.Unsaved(buffer.Filter{}); len(held) != 1 || held[0].Record.SeekEvents != 3 || held[0].Record.LessonID != "a" {
		t.Errorf("pending after the replay: %+v", held)
	}
	if a := d.call(t, http.MethodDelete, "/v1/dead-letters/2"); a.code != http.StatusNoContent {
		t.Errorf("%d %s", a.code, a.text)
	}
	for _, again := range []answer{
		d.call(t, http.MethodPost, "/v1/dead-letters/1/replay"), d.call(t, http.MethodDelete, "/v1/dead-letters/2"),
		d.call(t, http.MethodGet, "/v1/dead-letters/1"), d.call(t, http.MethodGet, "/v1/dead-letters/one"),
	} {
		expect(t, again, http.StatusNotFound, map[string]any{"type": problemType + "not-found"})
	}
	if n := b.Stats().DeadLetters; n != 0 {
		t.Errorf("%d dead letters are left", n)
	}
}

func TestADeadLetterThatWasNotWrittenHasNoSQLSTATE(t *testing.T) {
	d := newDesk()
	d.quarantine(t, "", "swallowed")
	letter := fmt.Sprint(d.call(t, http.MethodGet, "/v1/dead-letters/1").body)
	if !strings.Contains(letter, "reason:not_written") || strings.Contains(letter, "sqlState") {
		t.Errorf("got %s", letter)
	}
}

func TestAllDeadLettersOfASQLStateAreReplayed(t *testing.T) {
	d := newDesk()
	d.quarantine(t, "23514", "a", "b")
	b := d.quarantine(t, "22003", "c")
	expect(t, d.call(t, http.MethodPost, "/v1/dead-letters/replay?sqlState=23514"), http.StatusOK,
		map[string]any{"replayed": 2.0, "failed": 0.0, "more": false})
	if s := b.Stats(); s.Pending != 2 || s.DeadLetters != 1 {
		t.Errorf("%+v", s)
	}
	expect(t, d.call(t, http.MethodPost, "/v1/dead-letters/replay"), http.StatusOK, map[string]any{"replayed": 1.0})
	expect(t, d.call(t, http.MethodPost, "/v1/dead-letters/replay?sqlState=2"), http.StatusBadRequest, map[string]any{"field": "sqlState"})
}

func TestDeadLettersRefuseOtherCalls(t *testing.T) {
	d := newDesk()
	d.quarantine(t, "23514", "a")
	for call, want := range map[string]int{
		"POST /v1/dead-letters": 405, "GET /v1/dead-letters/1/replay": 405, "PUT /v1/dead-letters/1": 405,
		"GET /v1/dead-letters?limit=0": 400, "GET /v1/dead-letters?limit=1001": 400, "GET /v1/dead-letters?cursor=x": 400,
		"GET /v1/dead-lettersx": 404, "GET /v1/dead-letters/1/2": 404, "GET /v1/dead-letters/": 404, "POST /v1/dead-letters//replay": 404,
	} {
		method, path, _ := strings.Cut(call, " ")
		if a := d.call(t, method, path); a.code != want {
			t.Errorf("%s: %d %s", call, a.code, a.text)
		}
	}
}

func TestARepeatedEventIsAcknowledgedAndNotMergedAgain(t *testing.T) {
	d := newDesk()
	b := d.quarantine(t, "23514")
	body := item("u", `,"seekEvents":2,"eventId":"e-1"`)
	first := d.ask(t, post(body))
	expect(t, first, http.StatusOK, map[string]any{"progress.seekEvents": 2.0, "progress.duplicate": nil})
	expect(t, d.ask(t, post(body)), http.StatusOK, map[string]any{
		"progress.seekEvents": 2.0, "progress.duplicate": true, "progress.saved": false, "progress.pendingUpdates": 1.0,
	})
	expect(t, d.ask(t, post(item("u", `,"seekEvents":1,"eventId":"e-2"`))), http.StatusOK, map[string]any{"progress.seekEvents": 3.0})

	// Once the lesson is saved, only the database knows it.
	b.MakeDue(buffer.Filter{})
	for lane := range b.Lanes() {
		batches, err := b.FreezeRound(lane, time.Now(), 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range batches {
			if err := b.ConfirmThrough(lane, batch.Number); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect(t, d.ask(t, post(body)), http.StatusOK, map[string]any{
		"progress.userId": "u", "progress.duplicate": true, "progress.saved": true, "progress.pendingUpdates": 0.0, "progress.seekEvents": nil,
	})
	if d.state.accepted != 2 || d.state.repeated != 2 || d.state.merged != 1 {
		t.Errorf("accepted %d, merged %d, repeated %d", d.state.accepted, d.state.merged, d.state.repeated)
	}
}

// quarantining is a syncer of which the database refuses a record.
type quarantining struct{ happen func() }

func (s quarantining) Sync(context.Context, buffer.Filter) error {
	s.happen()
	return nil
}

func TestAForcedSyncTellsWhatTheDatabaseRefused(t *testing.T) {
	d := newDesk()
	d.quarantine(t, "23514", "old")
	d.Handler.syncer = quarantining{func() { d.quarantine(t, "23514", "a", "b") }}
	expect(t, d.call(t, http.MethodPost, "/v1/sync"), http.StatusOK, map[string]any{"quarantined": 2.0})
	d.Handler.syncer = quarantining{func() { d.quarantine(t, "23514", "c", "d") }}
	expect(t, d.call(t, http.MethodPost, "/v1/sync?userId=ada&lessonId=c"), http.StatusOK, map[string]any{"quarantined": 1.0})
	expect(t, d.call(t, http.MethodGet, "/v1/sync"), http.StatusOK, map[string]any{"quarantined": nil})
}
