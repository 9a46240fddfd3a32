package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a Handler among fakes.
type desk struct {
	*Handler
	buffer *fakeBuffer
	reader *fakeReader
	syncer *fakeSyncer
	state  *fakeState
	// numbers are the statistics.
	numbers *fakeStatistics
}

func newDesk() *desk {
	d := &desk{
		buffer: newFakeBuffer(), syncer: &fakeSyncer{},
		reader:  &fakeReader{saved: Saved{Applied: []uint64{0, 0}}},
		state:   &fakeState{rejected: map[string]int{}},
		numbers: &fakeStatistics{},
	}
	d.state.sync.Status = status.StatePending
	d.Handler = New(Options{
		Buffer: d.buffer, Syncer: d.syncer, Reader: d.reader, State: d.state, Statistics: d.numbers,
		Limits: LimitsOf(config.Default()),
	})
	return d
}

// answer is a response with its JSON taken apart.
type answer struct {
	code   int
	header http.Header
	text   string
	body   map[string]any
}

func (d *desk) ask(t *testing.T, r *http.Request) answer {
	t.Helper()
	r.Host = "127.0.0.1:8787"
	return ask(t, d.Handler, r)
}

func ask(t *testing.T, h http.Handler, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{code: w.Code, header: w.Header(), text: w.Body.String()}
	if a.text != "" {
		if err := json.Unmarshal([]byte(a.text), &a.body); err != nil {
			t.Fatalf("the answer is not JSON: %v\n%s", err, a.text)
		}
	}
	return a
}

func post(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/v1/progress", strings.NewReader(body))
}

func item(user string, more ...string) string {
	return fmt.Sprintf(`{"userId":%q,"courseId":"c","lessonId":"l"%s}`, user, strings.Join(more, ""))
}

// get follows a path of names and indexes into the answer's JSON.
func (a answer) get(t *testing.T, path ...any) any {
	t.Helper()
	var v any = a.body
	for _, step := range path {
		switch s := step.(type) {
		case string:
			object, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("no object at %v in %s", path, a.text)
			}
			v = object[s]
		case int:
			array, ok := v.([]any)
			if !ok || s >= len(array) {
				t.Fatalf("no element %d at %v in %s", s, path, a.text)
			}
			v = array[s]
		}
	}
	return v
}

func expect(t *testing.T, a answer, code int, want map[string]any) {
	t.Helper()
	if a.code != code {
		t.Fatalf("status %d, want %d: %s", a.code, code, a.text)
	}
	for path, value := range want {
		var steps []any
		for s := range strings.SplitSeq(path, ".") {
			var index int
			if n, _ := fmt.Sscanf(s, "%d", &index); n == 1 {
				steps = append(steps, index)
			} else {
				steps = append(steps, s)
			}
		}
		if got := a.get(t, steps...); !cmp.Equal(got, value) {
			t.Errorf("%s is %v, want %v", path, got, value)
		}
	}
	wantType := "application/json"
	if code >= 400 {
		wantType = "application/problem+json"
		for _, member := range []string{"type", "title", "status", "detail"} {
			if a.body[member] == nil {
				t.Errorf("the problem has no %s: %s", member, a.text)
			}
		}
	}
	if got := a.header.Get("Content-Type"); code != http.StatusNoContent && got != wantType {
		t.Errorf("content type %q, want %q", got, wantType)
	}
}

func TestPostAnswersWithTheMergedRecord(t *testing.T) {
	d := newDesk()
	d.ask(t, post(item("u", `,"currentTime":10,"duration":100,"seekEvents":2,"watchedDelta":1.5`)))
	a := d.ask(t, post(item("u", `,"currentTime":4,"seekEvents":1,"watchedDelta":0.25,"occurredAt":"2026-03-01T10:00:01.5Z"`)))
	expect(t, a, 200, map[string]any{
		"progress.userId": "u", "progress.courseId": "c", "progress.lessonId": "l",
		"progress.positionSeconds": 4.0, "progress.maxPositionSeconds": 10.0, "progress.percentage": 10.0,
		"progress.seekEvents": 3.0, "progress.timeSpentSeconds": 1.75, "progress.completed": false,
		"progress.lastWatchedAt": "2026-03-01T10:00:01.5Z", "progress.updateCount": 2.0,
		"progress.saved": false, "progress.pendingUpdates": 2.0,
		"sync.status": "pending", "sync.lastSyncedAt": nil, "sync.error": nil,
	})
	if d.state.accepted != 2 {
		t.Errorf("%d updates counted as accepted", d.state.accepted)
	}
}

func TestPostForms(t *testing.T) {
	for name, c := range map[string]struct {
		body, content, prefer string
		code, records         int
	}{
		"an array":                       {"[" + item("a") + "," + item("b") + "]", "application/json; charset=UTF-8", "", 200, 2},
		"an array of one":                {"[" + item("a") + "]", "", "", 200, 1},
		"an empty array":                 {"[]", "", "", 200, 0},
		"lines":                          {item("a") + "\n" + item("b"), "application/x-ndjson", "", 200, 2},
		"minimal":                        {item("a"), "", "respond-async, return=minimal", 204, 0},
		"minimal with a good and a bad":  {"[" + item("a") + ",1]", "", "return=minimal", 207, 0},
		"receipts":                       {"[" + item("a") + "," + item("b") + "]", "", "respond-async, return=receipt", 200, 2},
		"receipts with a good and a bad": {"[" + item("a") + ",1]", "", "return=receipt", 207, 2},
		"the first of two preferences":   {item("a"), "", "return=minimal, return=receipt", 204, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			r := post(c.body)
			r.Header.Set("Content-Type", c.content)
			r.Header.Set("Prefer", c.prefer)
			a := d.ask(t, r)
			expect(t, a, c.code, nil)
			records, _ := a.body["progress"].([]any)
			if len(records) != c.records {
				t.Errorf("%d records in %s", len(records), a.text)
			}
		})
	}
}

func TestPostKeepsTheGoodItems(t *testing.T) {
	d := newDesk()
	full := progress.Key{UserID: "full", CourseID: "c", LessonID: "l"}
	d.buffer.refuse[full] = buffer.ErrFull
	a := d.ask(t, post("["+item("a")+`,{"userId":"b"},`+item("full")+","+item("c")+"]"))
	expect(t, a, 207, map[string]any{
		"progress.0.userId": "a", "progress.1": nil, "progress.2": nil, "progress.3.userId": "c",
		"errors.0.index": 1.0, "errors.0.status": 422.0, "errors.0.field": "courseId",
		"errors.1.index": 1.0, "errors.1.field": "lessonId",
		"errors.2.index": 2.0, "errors.2.status": 429.0,
	})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After beside a 429")
	}
	if diff := cmp.Diff(map[string]int{"invalid": 1, "full": 1}, d.state.rejected); diff != "" || d.state.accepted != 2 {
		t.Errorf("accepted %d, rejected %s", d.state.accepted, diff)
	}
}

func TestPostRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		body, content, encoding string
		putError                error
		code                    int
		want                    map[string]any
		detail, reason          string
		retry                   bool
	}{
		"a single bad update": {body: `{"courseId":"c","lessonId":"l"}`, code: 422,
			want: map[string]any{"field": "userId", "errors.0.index": 0.0}, detail: "userId is missing", reason: "invalid"},
		"only bad items": {body: `[{"userId":"u"},7]`, code: 422, want: map[string]any{"errors.2.index": 1.0},
			detail: "none of the 2 items", reason: "invalid"},
		"half a JSON":       {body: "[\n" + item("u") + `,{"us`, code: 400, detail: "line 2, column", reason: "malformed"},
		"only broken lines": {body: "{\n{", content: "application/x-ndjson", code: 400, detail: "line 1 is not valid JSON", reason: "invalid"},
		"an empty body":     {body: "", code: 400, detail: "the body is empty", reason: "malformed"},
		"a string":          {body: `"x"`, code: 422, detail: "must be a JSON object", reason: "invalid"},
		"10 MB":             {body: strings.Repeat(" ", 10<<20), code: 413, detail: "1048576 bytes", reason: "too_large"},
		"1001 items":        {body: "[" + strings.Repeat(item("u")+",", 1000) + item("u") + "]", code: 413, detail: "1000 items", reason: "too_large"},
		"a form":            {body: "a=b", content: "application/x-www-form-urlencoded", code: 415, detail: "use curl --json", reason: "media_type"},
		"brotli":            {body: "x", encoding: "br", code: 415, detail: "gzip or zstd", reason: "media_type"},
		"no gzip":           {body: "x", encoding: "gzip", code: 400, detail: "pack it anew", reason: "malformed"},
		"gzip that is cut":  {body: packed(item("u"))[:30], encoding: "gzip", code: 400, detail: "unexpected EOF", reason: "malformed"},
		"a bomb":            {body: packed(strings.Repeat(" ", 10<<20)), encoding: "gzip", code: 413, detail: "unpacked", reason: "too_large"},
		"half a JSON, packed": {body: packed("[\n" + item("u") + `,{"us`), encoding: "gzip", code: 400,
			detail: "line 2, column", reason: "malformed"},
		"another charset": {body: item("u"), content: "application/json; charset=latin1", code: 415, detail: "UTF-8", reason: "media_type"},
		"a full disk":     {body: item("u"), putError: buffer.ErrNoSpace, code: 507, detail: "no room", reason: "no_space", retry: true},
		"a failed disk": {body: item("u"), putError: fmt.Errorf("syncing: %w", buffer.ErrFailed), code: 503,
			detail: "restarts", reason: "disk_failed", retry: true},
		"a shutdown": {body: item("u"), putError: buffer.ErrClosed, code: 503, detail: "the pod that comes next", reason: "stopping", retry: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.buffer.putError = c.putError
			r := post(c.body)
			r.Header.Set("Content-Type", c.content)
			r.Header.Set("Content-Encoding", c.encoding)
			a := d.ask(t, r)
			expect(t, a, c.code, c.want)
			if detail := a.body["detail"].(string); !strings.Contains(detail, c.detail) {
				t.Errorf("detail %q does not say %q", detail, c.detail)
			}
			if d.state.rejected[c.reason] == 0 || d.state.accepted != 0 || len(d.buffer.records) != 0 {
				t.Errorf("rejected %v, accepted %d", d.state.rejected, d.state.accepted)
			}
			if got := a.header.Get("Retry-After") != ""; got != c.retry {
				t.Errorf("Retry-After present: %v", got)
			}
		})
	}
}

func TestPostSaysWhenToComeBackToAFullBuffer(t *testing.T) {
	d := newDesk()
	d.buffer.refuse[progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}] = buffer.ErrFull
	next := time.Now().Add(20 * time.Second)
	d.state.sync.NextSyncAt = &next
	a := d.ask(t, post(item("u")))
	expect(t, a, 429, nil)
	if got := a.header.Get("Retry-After"); got != "20" {
		t.Errorf("Retry-After %s", got)
	}
}

func TestABodyOfUnknownLengthIsBounded(t *testing.T) {
	d := newDesk()
	r := httptest.NewRequest(http.MethodPost, "/v1/progress", io.LimitReader(zeros{}, 1<<40))
	r.ContentLength = -1
	expect(t, d.ask(t, r), 413, nil)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestConcurrentRequestsAreBounded(t *testing.T) {
	d := newDesk()
	limits := LimitsOf(config.Default())
	limits.MaxConcurrent = 1
	d.SetLimits(limits)
	d.buffer.putUntil = make(chan struct{})
	done := make(chan answer)
	go func() { done <- d.ask(t, post(item("a"))) }()
	kit.Eventually(t, "the first is inside", func() error { return kit.Unless(d.requests.inside.Load() > 0, "nobody") })
	a := d.ask(t, post(item("b")))
	close(d.buffer.putUntil)
	expect(t, a, 503, map[string]any{"title": "Too many requests at once"})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	expect(t, <-done, 200, nil)
	expect(t, d.ask(t, post(item("b"))), 200, nil)
}

func TestComplete(t *testing.T) {
	d := newDesk()
	r := httptest.NewRequest(http.MethodPost, "/v1/progress/complete", strings.NewReader(`{"userId":"u","courseId":"c","lessonIds":["1","2"]}`))
	expect(t, d.ask(t, r), 200, map[string]any{
		"progress.0.lessonId": "1", "progress.0.completed": true, "progress.0.updateCount": 1.0,
		"progress.1.lessonId": "2", "progress.1.completed": true,
	})
}

func TestResetStartsAGeneration(t *testing.T) {
	d := newDesk()
	d.ask(t, post(item("u", `,"currentTime":10`)))
	a := d.ask(t, httptest.NewRequest(http.MethodDelete, "/v1/progress?userId=u&courseId=c&lessonId=l", nil))
	expect(t, a, 200, map[string]any{"progress.positionSeconds": 0.0, "progress.updateCount": 0.0, "progress.saved": false})
	if a.get(t, "progress", "generation").(float64) == 0 {
		t.Error("no generation")
	}
	expect(t, d.ask(t, httptest.NewRequest(http.MethodDelete, "/v1/progress?userId=u&lessonId=l", nil)), 400, map[string]any{"field": "courseId"})
}

func TestReadMergesTheDatabaseWithWhatIsHeld(t *testing.T) {
	d := newDesk()
	saved := func(lesson string, generation progress.Instant) progress.Record {
		r := progress.Update{
			Key:         progress.Key{UserID: "u", CourseID: "c", LessonID: lesson},
			CurrentTime: progress.Some(50), SeekEvents: 7,
		}.Record(1000, 95)
		r.Generation = generation
		return r
	}
	d.reader.saved.Records = []progress.Record{saved("z", 0), saved("l", 500), saved("a", 0)}
	d.ask(t, post(item("u", `,"currentTime":20,"seekEvents":1`)))
	d.ask(t, post(`{"userId":"u","courseId":"c","lessonId":"new"}`))
	a := d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil))
	expect(t, a, 200, map[string]any{
		"stale":               false,
		"progress.0.lessonId": "a", "progress.0.saved": true, "progress.0.pendingUpdates": 0.0, "progress.0.unsaved": nil,
		"progress.1.lessonId": "l", "progress.1.saved": false, "progress.1.pendingUpdates": 1.0,
		"progress.1.positionSeconds": 20.0, "progress.1.maxPositionSeconds": 50.0, "progress.1.seekEvents": 8.0,
		"progress.1.generation": 500.0, "progress.1.unsaved.seekEvents": 1.0,
		"progress.2.lessonId": "new", "progress.2.saved": false,
		"progress.3.lessonId": "z",
	})
}

func TestReadIsStaleWhenTheDatabaseCantBeAsked(t *testing.T) {
	for name, breakIt := range map[string]func(d *desk){
		"it refuses":         func(d *desk) { d.reader.err = context.DeadlineExceeded },
		"it does not answer": func(d *desk) { d.reader.hangs = true },
		"too many wait for it": func(d *desk) {
			limits := LimitsOf(config.Default())
			limits.MaxConcurrent = 1
			d.SetLimits(limits)
			d.reads.enter(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			limits := LimitsOf(config.Default())
			limits.ReadTimeout = 20 * time.Millisecond
			d.SetLimits(limits)
			breakIt(d)
			d.ask(t, post(item("u", `,"currentTime":20`)))
			expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u&lessonId=l", nil)), 200, map[string]any{
				"stale": true, "progress.0.positionSeconds": 20.0,
			})
		})
	}
}

func TestReadOfTooManyLessonsSaysWhatToAskFor(t *testing.T) {
	d := newDesk()
	d.reader.err = fmt.Errorf("reading: %w", postgres.ErrTooManyRecords)
	expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil)), 400, map[string]any{"field": "courseId"})
}

// A batch that is saved while a read is under way counts exactly once, at
// whichever moment it is saved.
func TestReadCountsABatchOnceThatIsSavedMeanwhile(t *testing.T) {
	key := progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}
	for name, save := range map[string]func(d *desk, commit, confirm func()){
		"after the database was asked": func(d *desk, commit, confirm func()) {
			d.reader.onRead = func(*fakeReader) { commit(); confirm() }
		},
		"committed before it, confirmed after": func(d *desk, commit, confirm func()) {
			commit()
			reads := 0
			d.reader.onRead = func(*fakeReader) {
				if reads++; reads == 3 {
					confirm()
				}
			}
		},
		"while the buffer is asked": func(d *desk, commit, confirm func()) {
			d.buffer.onUnsaved = func(*fakeBuffer) { commit(); confirm() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.ask(t, post(item("u", `,"seekEvents":3`)))
			committed, confirmed := false, false
			save(d, func() {
				if committed {
					return
				}
				committed = true
				d.reader.mu.Lock()
				defer d.reader.mu.Unlock()
				d.reader.saved = Saved{Records: []progress.Record{d.buffer.records[key]}, Applied: []uint64{1, 0}}
			}, func() {
				if !confirmed {
					confirmed = true
					d.buffer.save(key)
				}
			})
			expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil)), 200, map[string]any{
				"stale": false, "progress.0.seekEvents": 3.0, "progress.0.updateCount": 1.0, "progress.0.saved": true,
			})
		})
	}
}

func TestForceSync(t *testing.T) {
	notSaved := &flush.NotSavedError{Failure: postgres.Failure{Kind: "network", Message: "the database can't be reached; check that it runs"}}
	for name, c := range map[string]struct {
		query  string
		err    error
		hangs  bool
		code   int
		detail string
	}{
		"saved":                   {query: "?userId=u", code: 200},
		"can't be saved now":      {query: "?userId=u", err: fmt.Errorf("syncing: %w", notSaved), code: 503, detail: "check that it runs. Everything accepted is kept"},
		"takes longer than asked": {query: "?userId=u&timeout=10ms", hangs: true, code: 503, detail: "longer than 10ms"},
		"a timeout that is none":  {query: "?userId=u&timeout=soon", code: 400, detail: "a duration"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.syncer.err, d.syncer.hangs = c.err, c.hangs
			a := d.ask(t, httptest.NewRequest(http.MethodPost, "/v1/sync"+c.query, nil))
			switch c.code {
			case 200:
				expect(t, a, 200, map[string]any{"status": "synced", "pendingUpdates": 0.0})
			case 503:
				expect(t, a, 503, map[string]any{"sync.pendingUpdates": 0.0})
				if a.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			}
			if detail, _ := a.body["detail"].(string); a.code != c.code || !strings.Contains(detail, c.detail) {
				t.Errorf("%d %s", a.code, a.text)
			}
			if c.code != 400 && d.syncer.filter != (buffer.Filter{UserID: "u"}) {
				t.Errorf("asked for %v", d.syncer.filter)
			}
		})
	}
}

// The time to read a request is bounded by the server; waiting for a sync is
// not part of it.
func TestForceSyncOutlastsTheReadTimeout(t *testing.T) {
	d := newDesk()
	d.syncer.hangs = true
	server := httptest.NewUnstartedServer(d.Handler)
	server.Config.ReadTimeout = 50 * time.Millisecond
	server.Start()
	defer server.Close()
	response, err := server.Client().Post(server.URL+"/v1/sync?timeout=200ms", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if !errors.Is(d.syncer.ended, context.DeadlineExceeded) {
		t.Errorf("the wait ended with: %v", d.syncer.ended)
	}
	server.Client().CloseIdleConnections()
}

func TestSyncStateOfALearner(t *testing.T) {
	d := newDesk()
	d.state.sync.PendingUpdates = 99
	d.ask(t, post(item("u")))
	d.ask(t, post(item("u")))
	expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync", nil)), 200, map[string]any{"pendingUpdates": 99.0})
	expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync?userId=u", nil)), 200, map[string]any{"status": "pending", "pendingUpdates": 2.0})
	expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync?userId=v", nil)), 200, map[string]any{"status": "synced", "pendingUpdates": 0.0})
}

func TestRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		method, target, host string
		code                 int
		allow                string
	}{
		"an unknown path":                 {"GET", "/", "localhost:8787", 404, ""},
		"a wrong method":                  {"PUT", "/v1/progress", "localhost", 405, "GET, HEAD, POST, DELETE"},
		"a wrong method for complete":     {"GET", "/v1/progress/complete", "[::1]:8787", 405, "POST"},
		"a wrong method for sync":         {"DELETE", "/v1/sync", "127.0.0.1", 405, "GET, HEAD, POST"},
		"a name that was made to resolve": {"GET", "/v1/sync", "evil.example:8787", 403, ""},
		"a name that begins alike":        {"GET", "/v1/sync", "localhost.evil.example", 403, ""},
		"no user to read":                 {"GET", "/v1/progress?lessonId=l", "localhost", 400, ""},
		"an empty user":                   {"GET", "/v1/progress?userId=", "localhost", 400, ""},
		"a broken query":                  {"GET", "/v1/progress?userId=%zz", "localhost", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			r := httptest.NewRequest(c.method, c.target, nil)
			r.Host = c.host
			a := ask(t, d.Handler, r)
			expect(t, a, c.code, nil)
			if got := a.header.Get("Allow"); got != c.allow {
				t.Errorf("Allow %q, want %q", got, c.allow)
			}
		})
	}
}
