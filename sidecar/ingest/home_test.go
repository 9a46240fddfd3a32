package ingest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// fakeHomes are other sidecars that do as they are told.
type fakeHomes struct {
	// home answers for the learner's home; nil if it is this sidecar.
	home http.HandlerFunc
	// missed says that the learner's home can't be asked.
	missed bool
	// others are what the other sidecars answer: an empty one has not done it.
	others []string

	mu    sync.Mutex
	asked []string // what was asked of homes and others
	moved context.CancelFunc
}

func (f *fakeHomes) note(r *http.Request, of string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, of+" "+r.Method+" "+r.URL.Path)
}

func (f *fakeHomes) Forward(w http.ResponseWriter, r *http.Request, userID, _ string) (answered, missed bool) {
	f.note(r, userID)
	if f.missed || f.home == nil {
		return false, f.missed
	}
	f.home(w, r)
	return true, false
}

func (f *fakeHomes) IsElsewhere(string) bool { return f.missed || f.home != nil }

func (f *fakeHomes) All(r *http.Request) [][]byte {
	f.note(r, "all")
	answers := make([][]byte, len(f.others))
	for i, text := range f.others {
		if text != "" {
			answers[i] = []byte(text)
		}
	}
	return answers
}

func (f *fakeHomes) WhileHome(ctx context.Context, _ string) (while context.Context, end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	while, f.moved = context.WithCancel(ctx)
	return while, f.moved
}

func (f *fakeHomes) move() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moved()
}

// newHomesDesk is a sidecar among others.
func newHomesDesk(homes *fakeHomes) *desk {
	d := newDesk()
	d.Handler = New(Options{
		Buffer: d.buffer, Syncer: d.syncer, Reader: d.reader, State: d.state, Homes: homes,
		Eraser: &fakeEraser{erased: flush.Erased{DatabaseDone: true}}, Limits: LimitsOf(config.Default()),
	})
	return d
}

func atHome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"from":"home"}`)
}

// Which calls the learner's home answers. A call that this sidecar answered in its
// place would not know what the home has accepted.
func TestTheHomeAnswersForItsLearner(t *testing.T) {
	for _, call := range []string{
		"GET /v1/progress?userId=ada", "HEAD /v1/progress?userId=ada", "GET /v1/sync?userId=ada",
		"POST /v1/sync?userId=ada", "GET /v1/sync/events?userId=ada",
	} {
		method, path, _ := strings.Cut(call, " ")
		t.Run(call, func(t *testing.T) {
			homes := &fakeHomes{home: atHome}
			expect(t, newHomesDesk(homes).call(t, method, path), http.StatusAccepted, map[string]any{"from": "home"})

			// What another sidecar handed on must not go round in circles.
			r := httptest.NewRequest(method, path, nil)
			a := newHomesDesk(homes).ask(t, r.WithContext(wire.WithHandedOn(r.Context())))
			if isStream := strings.HasPrefix(path, eventsPath); a.code != http.StatusOK && !isStream { // which a recorder can't take
				t.Errorf("a request that was handed on is answered with %d %s", a.code, a.text)
			}
			if len(homes.asked) != 1 {
				t.Errorf("asked %q, want the home once", homes.asked)
			}
		})
	}
}

func TestTheLearnersOwnHomeAnswersItself(t *testing.T) {
	d := newHomesDesk(&fakeHomes{})
	d.buffer.records[progress.Key{UserID: "ada", CourseID: "c", LessonID: "l"}] = progress.Record{UpdateCount: 1}
	expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusOK, map[string]any{"stale": false, "sync.stale": nil})
	expect(t, d.call(t, http.MethodGet, "/v1/sync?userId=ada"), http.StatusOK, map[string]any{"stale": nil, "pendingUpdates": 1.0})
	expect(t, d.call(t, http.MethodPost, "/v1/sync?userId=ada"), http.StatusOK, map[string]any{"stale": nil})
}

// Where the home can't be asked, nobody may be told that all is saved, or that this is
// all there is.
func TestAnAnswerInPlaceOfTheHomeSaysSo(t *testing.T) {
	d := newHomesDesk(&fakeHomes{missed: true})
	expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusOK, map[string]any{"stale": true, "sync.stale": true})
	expect(t, d.call(t, http.MethodGet, "/v1/sync?userId=ada"), http.StatusOK, map[string]any{"stale": true, "status": "synced"})
	a := d.call(t, http.MethodPost, "/v1/sync?userId=ada")
	expect(t, a, http.StatusServiceUnavailable, map[string]any{"type": problemType + "not-saved", "sync.stale": true})
	if a.header.Get("Retry-After") != "1" || !strings.Contains(a.text, "keeps what this learner does can't be asked") {
		t.Errorf("the answer is %v %s", a.header, a.text)
	}
}

// What could not reach the home is neither missing from a read nor taken for saved.
func TestWhatWaitsHereOfAnothersLearner(t *testing.T) {
	key := progress.Key{UserID: "ada", CourseID: "c", LessonID: "l"}
	waits := func() (*desk, *fakeHomes) {
		homes := &fakeHomes{home: atHome}
		d := newHomesDesk(homes)
		d.buffer.records[key] = progress.Record{Key: key, UpdateCount: 2}
		return d, homes
	}
	d, homes := waits()
	expect(t, d.call(t, http.MethodGet, "/v1/sync?userId=ada"), http.StatusOK, map[string]any{"pendingUpdates": 2.0, "stale": true})
	if homes.asked != nil {
		t.Errorf("asked %q, which would tell that all is saved", homes.asked)
	}

	d, _ = waits()
	expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusAccepted, map[string]any{"from": "home"})
	if d.syncer.filter.UserID != "ada" {
		t.Error("the home is asked before the database has what waits here")
	}
	d, _ = waits()
	d.syncer.hangs = true
	expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusAccepted, map[string]any{"from": "home"})

	// Of the learners who are at home here much waits, until it is due.
	d, homes = waits()
	homes.home = nil
	expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusOK, map[string]any{"stale": false})
	if d.syncer.filter.UserID != "" {
		t.Error("a read has made a learner's record due")
	}
}

func TestWithoutALearnerASidecarTellsOfItselfAlone(t *testing.T) {
	homes := &fakeHomes{home: atHome, others: []string{""}}
	d := newHomesDesk(homes)
	d.state.sync = state.SyncState{Status: status.StatePending, PendingUpdates: 7, Writer: "w-1"}
	expect(t, d.call(t, http.MethodGet, "/v1/sync"), http.StatusOK, map[string]any{"pendingUpdates": 7.0, "writer": "w-1", "stale": nil})
	if homes.asked != nil {
		t.Errorf("asked %q", homes.asked)
	}
}

// A sync that says 200 while another sidecar holds what went through this one lets an
// LMS hand over records that are not there.
func TestAForcedSyncOfEverybodyNeedsEverySidecar(t *testing.T) {
	for name, c := range map[string]struct {
		others  []string
		failure error // of this sidecar
		code    int
		want    map[string]any
		text    string
	}{
		"there is no other":                  {nil, nil, 200, map[string]any{"quarantined": nil}, ""},
		"all have saved":                     {[]string{"{}", "{}"}, nil, 200, map[string]any{"quarantined": nil}, ""},
		"the database refused records there": {[]string{`{"quarantined":2}`, `{"quarantined":1}`}, nil, 200, map[string]any{"quarantined": 3.0}, ""},
		"one gives no answer":                {[]string{"{}", ""}, nil, 503, map[string]any{"type": problemType + "not-saved"}, "1 of 2 other sidecars did not confirm"},
		"two can't save":                     {[]string{"", "{}", ""}, nil, 503, map[string]any{"type": problemType + "not-saved"}, "2 of 3 other sidecars did not confirm"},
		"this one can't save": {
			[]string{"{}"}, &flush.NotSavedError{Failure: postgres.Failure{Message: "Check that it runs."}}, 503,
			map[string]any{"type": problemType + "not-saved"}, "Check that it runs.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			homes := &fakeHomes{others: c.others}
			d := newHomesDesk(homes)
			d.syncer.err = c.failure
			a := d.call(t, http.MethodPost, "/v1/sync")
			expect(t, a, c.code, c.want)
			if !strings.Contains(a.text, c.text) {
				t.Errorf("the answer is %s, want %q in it", a.text, c.text)
			}
			if a.code != http.StatusOK && a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			r := httptest.NewRequest(http.MethodPost, "/v1/sync", nil)
			homes.asked, d.syncer.err = nil, nil
			expect(t, d.ask(t, r.WithContext(wire.WithHandedOn(r.Context()))), http.StatusOK, nil)
			if homes.asked != nil {
				t.Errorf("a sync that was handed on asked %q", homes.asked)
			}
		})
	}
}

func TestOthersWaitForWhatIsLeftOfTheTime(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/sync?courseId=c%26d&timeout=20s", nil)
	rest := waitingAtMost(r, 1500*time.Millisecond)
	if diff := cmp.Diff("courseId=c%26d&timeout=1.5s", rest.URL.RawQuery); diff != "" {
		t.Errorf("the query (-want +got):\n%s", diff)
	}
	if _, wait, wrong := syncParameters(rest, Limits{}); wrong != nil || wait != 1500*time.Millisecond {
		t.Errorf("it is read as %v, %v", wait, wrong)
	}
}

// An operator who erases a learner must hear of a sidecar that may still have them.
func TestAnErasureTellsWhichSidecarsConfirmedIt(t *testing.T) {
	for name, c := range map[string]struct {
		others []string
		code   int
		want   map[string]any
	}{
		"there is no other":    {nil, 200, map[string]any{"peers.asked": 0.0, "peers.confirmed": 0.0, "peers.message": nil}},
		"all have erased them": {[]string{"{}", "{}"}, 200, map[string]any{"peers.asked": 2.0, "peers.confirmed": 2.0}},
		"one gives no answer": {[]string{"{}", "", ""}, 202, map[string]any{
			"peers.asked": 3.0, "peers.confirmed": 1.0,
			"peers.message": "2 of 3 other sidecars did not confirm that they hold nothing of the learner: order it again until all do",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			homes := &fakeHomes{others: c.others}
			d := newHomesDesk(homes)
			a := d.call(t, http.MethodDelete, "/v1/users/ada")
			expect(t, a, c.code, c.want)
			if (a.code == http.StatusAccepted) != (a.header.Get("Retry-After") != "") {
				t.Errorf("%d with Retry-After %q", a.code, a.header.Get("Retry-After"))
			}
			homes.asked = nil
			r := httptest.NewRequest(http.MethodDelete, "/v1/users/ada", nil)
			expect(t, d.ask(t, r.WithContext(wire.WithHandedOn(r.Context()))), http.StatusOK, map[string]any{"peers.asked": 0.0})
			if homes.asked != nil {
				t.Errorf("an erasure that was handed on asked %q", homes.asked)
			}
		})
	}
}

// A stream that went on after its learner has moved would be silent about what the
// learner does from then on.
func TestAStreamEndsWhenTheLearnerMoves(t *testing.T) {
	homes := &fakeHomes{}
	d := newHomesDesk(homes)
	server := serve(t, d.Handler)
	l := listen(t, server, "?userId=ada", "")
	if _, more := l.next(t); !more {
		t.Fatal("the stream ended at once")
	}
	homes.move()
	if _, more := l.next(t); more {
		t.Error("the stream tells more")
	}
}

// A drain waits for its answers: a stream that another sidecar feeds would hold it up.
func TestAStreamThatWasHandedOnEndsWithTheSidecar(t *testing.T) {
	asked := make(chan struct{})
	d := newHomesDesk(&fakeHomes{home: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		close(asked)
		<-r.Context().Done()
	}})
	l := listen(t, serve(t, d.Handler), "?userId=ada", "")
	<-asked
	if d.state.open() != 1 {
		t.Errorf("%d streams are counted", d.state.open())
	}
	d.EndStreams()
	if _, more := l.next(t); more {
		t.Error("the stream tells something")
	}
}

func TestAStreamInPlaceOfTheHomeSaysSo(t *testing.T) {
	server := serve(t, newHomesDesk(&fakeHomes{missed: true}).Handler)
	l := listen(t, server, "?userId=ada", "")
	for l.lines.Scan() {
		if data, found := strings.CutPrefix(l.lines.Text(), "data: "); found {
			if !strings.Contains(data, `"stale":true`) {
				t.Errorf("the state is %s", data)
			}
			return
		}
	}
	t.Error("there was no state")
}

// What a home accepted is not in this sidecar's state, which must not say that all of
// it is saved.
func TestTheStateBesideWhatAHomeAcceptedIsStale(t *testing.T) {
	d := newHomesDesk(&fakeHomes{})
	d.buffer.elsewhere = true
	expect(t, d.ask(t, post(item("ada"))), http.StatusOK, map[string]any{"sync.stale": true})
	expect(t, d.ask(t, post("["+item("ada")+",{}]")), http.StatusMultiStatus, map[string]any{"sync.stale": true})
	expect(t, d.call(t, http.MethodDelete, "/v1/progress?userId=ada&courseId=c&lessonId=l"), http.StatusOK, map[string]any{"sync.stale": true})
	d.buffer.records = map[progress.Key]progress.Record{}
	expect(t, d.call(t, http.MethodDelete, "/v1/progress?userId=bob&courseId=c&lessonId=l"), http.StatusOK, map[string]any{"known": nil})
	d.buffer.elsewhere = false
	expect(t, d.ask(t, post(item("ada"))), http.StatusOK, map[string]any{"sync.stale": nil})
}

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
