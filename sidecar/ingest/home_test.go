package ingest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
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
	// untold says that nobody knows who there is.
	untold bool
	// behind says that the learner had another home a moment ago.
	behind bool
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
	if f.missed || f.untold || f.home == nil {
		return false, f.missed || f.untold
	}
	f.home(w, r)
	return true, false
}

func (f *fakeHomes) Told() bool              { return !f.untold }
func (f *fakeHomes) MayBeBehind(string) bool { return f.behind }

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

// A browser has few connections, and a page waits for the answer with one of them.
func TestAForcedSyncWaitsForAHomeThatHangsNoLongerThanItWasAskedTo(t *testing.T) {
	var most time.Duration
	homes := &fakeHomes{home: func(w http.ResponseWriter, r *http.Request) {
		if until, limited := r.Context().Deadline(); limited {
			most = time.Until(until)
		}
		atHome(w, r)
	}}
	newHomesDesk(homes).call(t, http.MethodPost, "/v1/sync?userId=ada&timeout=800ms")
	if most <= 0 || most > 900*time.Millisecond {
		t.Errorf("it waits for %s", most)
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

// A home to which a learner has just moved may lack what the home before has not written.
func TestAHomeThatMayBeBehindSaysSoToTheSidecarThatAsks(t *testing.T) {
	d := newHomesDesk(&fakeHomes{behind: true})
	ask := func(method, path string) answer {
		r := httptest.NewRequest(method, path, nil)
		return d.ask(t, r.WithContext(wire.WithHandedOn(r.Context())))
	}
	expect(t, ask(http.MethodGet, "/v1/progress?userId=ada"), http.StatusOK, map[string]any{"stale": true, "sync.stale": true})
	expect(t, ask(http.MethodGet, "/v1/sync?userId=ada"), http.StatusOK, map[string]any{"stale": true})
	expect(t, ask(http.MethodPost, "/v1/sync?userId=ada"), http.StatusServiceUnavailable, map[string]any{"type": problemType + "not-saved", "sync.stale": true})
	expect(t, ask(http.MethodPost, "/v1/sync"), http.StatusOK, map[string]any{"stale": nil})
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

// A stray counts where it is merged: here it would count a second time.
func TestWhatWaitsForItsHomeIsAcknowledgedAndNotCounted(t *testing.T) {
	d := newHomesDesk(&fakeHomes{})
	d.buffer.stray = true
	changed := d.state.Changed()
	expect(t, d.ask(t, post(item("ada"))), http.StatusOK, map[string]any{"progress.saved": false})
	if d.state.accepted != 0 || d.state.repeated != 0 {
		t.Errorf("%d are counted as accepted, %d as repeated", d.state.accepted, d.state.repeated)
	}
	select {
	case <-changed:
	default:
		t.Error("nobody is told that it is pending")
	}
}
