package ingest

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// fakeEraser answers as it is told and keeps whom it was asked to erase.
type fakeEraser struct {
	erased flush.Erased
	err    error
	asked  []string
}

func (e *fakeEraser) Erase(_ context.Context, userID string) (flush.Erased, error) {
	e.asked = append(e.asked, userID)
	return e.erased, e.err
}

func TestAnErasureIsProven(t *testing.T) {
	d := newDesk()
	done := flush.Erased{
		Erased: buffer.Erased{
			Erasure: buffer.Erasure{UserID: "ada/1 2", At: 1_772_000_000_000_001},
			Pending: 1, Frozen: 2, Confirmed: 3, DeadLetters: 4, EventIDs: 5,
		},
		Rows: 6, DatabaseDone: true,
	}
	eraser := &fakeEraser{erased: done}
	d.eraser = eraser
	expect(t, d.call(t, http.MethodDelete, "/v1/users/ada%2F1%202"), http.StatusOK, map[string]any{
		"erasedAt": "2026-02-25T06:13:20.000001Z", "buffer.pending": 1.0, "buffer.frozen": 2.0, "buffer.confirmed": 3.0,
		"buffer.deadLetters": 4.0, "buffer.eventIds": 5.0, "database.rows": 6.0, "database.done": true, "database.error": nil,
	})
	if len(eraser.asked) != 1 || eraser.asked[0] != "ada/1 2" {
		t.Errorf("erased %q", eraser.asked)
	}

	eraser.erased.Rows, eraser.erased.DatabaseDone = 0, false
	eraser.erased.Failure = &postgres.Failure{Kind: postgres.KindNetwork, Message: "Check that it runs."}
	a := d.call(t, http.MethodDelete, "/v1/users/ada")
	expect(t, a, http.StatusAccepted, map[string]any{
		"database.done": false, "database.error.kind": "network", "database.error.message": "Check that it runs.",
	})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestAnErasureThatIsRefused(t *testing.T) {
	d := newDesk()
	eraser := &fakeEraser{}
	d.eraser = eraser
	for call, want := range map[string]int{
		"/v1/users/": 404, "/v1/users/ada/progress": 404, "/v1/users/%01": 400,
	} {
		if a := d.call(t, http.MethodDelete, call); a.code != want {
			t.Errorf("%s: %d %s", call, a.code, a.text)
		}
	}
	if a := d.call(t, http.MethodGet, "/v1/users/ada"); a.code != 405 {
		t.Errorf("GET: %d %s", a.code, a.text)
	}
	if len(eraser.asked) != 0 {
		t.Errorf("erased %q", eraser.asked)
	}
	for _, c := range []struct {
		err  error
		code int
	}{{buffer.ErrFull, 429}, {buffer.ErrFailed, 503}, {buffer.ErrClosed, 503}, {errors.New("else"), 503}} {
		eraser.err = c.err
		a := d.call(t, http.MethodDelete, "/v1/users/ada")
		if a.code != c.code || a.header.Get("Retry-After") == "" {
			t.Errorf("%v: %d %v %s", c.err, a.code, a.header, a.text)
		}
	}
}

func TestLateUpdatesOfAnErasedLearnerAreGone(t *testing.T) {
	d := newDesk()
	d.buffer.refuse[progress.Key{UserID: "late", CourseID: "c", LessonID: "l"}] = buffer.ErrErased
	expect(t, d.ask(t, post(item("late"))), http.StatusGone, map[string]any{"type": problemType + "erased"})
	expect(t, d.ask(t, post("["+item("late")+","+item("other")+"]")), http.StatusMultiStatus,
		map[string]any{"errors.0.index": 0.0, "errors.0.status": 410.0, "progress.1.userId": "other"})
	if d.state.rejected["erased"] != 2 {
		t.Errorf("rejected %v", d.state.rejected)
	}
}
