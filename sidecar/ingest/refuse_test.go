package ingest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Why a home took nothing, as a client hears of it: one that is told "invalid" would
// drop what it has.
func TestAHomeThatTookNothing(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		code   int
		kind   string
		reason Reason
	}{
		"it did not answer": {fmt.Errorf("asking: %w", hop.ErrInDoubt), 503, "in-doubt", ReasonInDoubt},
		"its disk is full":  {buffer.ErrNoSpace, 507, "no-space", ReasonNoSpace},
		"it stops":          {buffer.ErrClosed, 503, "stopping", ReasonStopping},
		"its disk failed":   {buffer.ErrFailed, 503, "disk-failed", ReasonDisk},
	} {
		t.Run(name, func(t *testing.T) {
			d := newHomesDesk(&fakeHomes{})
			d.buffer.refuse[progress.Key{UserID: "away", CourseID: "c", LessonID: "l"}] = c.err
			for what, a := range map[string]answer{
				"one update":      d.ask(t, post(item("away"))),
				"all of an array": d.ask(t, post("["+item("away")+","+item("away")+"]")),
			} {
				expect(t, a, c.code, map[string]any{"type": problemType + c.kind})
				if a.header.Get("Retry-After") == "" {
					t.Errorf("%s: no Retry-After", what)
				}
			}
			a := d.ask(t, post("["+item("away")+","+item("here")+"]"))
			expect(t, a, http.StatusMultiStatus, map[string]any{
				"errors.0.index": 0.0, "errors.0.status": float64(c.code), "progress.0": nil, "progress.1.userId": "here",
			})
			if a.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After %q beside items that may be sent again", a.header.Get("Retry-After"))
			}
			if diff := cmp.Diff(map[string]int{string(c.reason): 4}, d.state.rejected); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHomesThatFailForDifferentReasons(t *testing.T) {
	d := newHomesDesk(&fakeHomes{})
	d.buffer.refuse[progress.Key{UserID: "a", CourseID: "c", LessonID: "l"}] = hop.ErrInDoubt
	d.buffer.refuse[progress.Key{UserID: "b", CourseID: "c", LessonID: "l"}] = buffer.ErrClosed
	a := d.ask(t, post("["+item("a")+","+item("b")+"]"))
	expect(t, a, http.StatusServiceUnavailable, map[string]any{
		"type": problemType + "in-doubt", "errors.0.status": 503.0, "errors.1.status": 503.0,
		"errors.1.detail": "the learner's home kept nothing of this item (The sidecar is shutting down): send it again later",
	})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestAResetThatMayHaveReachedItsHome(t *testing.T) {
	d := newHomesDesk(&fakeHomes{})
	d.buffer.resetError = hop.ErrInDoubt
	a := d.call(t, http.MethodDelete, "/v1/progress?userId=ada&courseId=c&lessonId=l")
	expect(t, a, http.StatusServiceUnavailable, map[string]any{"type": problemType + "in-doubt"})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
