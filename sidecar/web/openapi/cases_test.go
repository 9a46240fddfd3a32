package openapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/test/kit"
)

// place is where a case happens.
type place string

const (
	ready  place = "ready"  // Postgres takes all that is plausible
	away   place = "away"   // Postgres can't be reached, and the buffer is full
	full   place = "full"   // the disk is full
	closed place = "closed" // the sidecar shuts down
)

// exchange is a request that deserves an answer of a status.
type exchange struct {
	operation string // as "POST /v1/sync"
	name      string
	on        place
	status    int
	kind      string // of the problem, "" for any
	change    func(t *testing.T, s *stand, r *request)
	// eventually says that the status is that of a moment which comes soon.
	eventually bool
}

const (
	accept, complete = "POST /v1/progress", "POST /v1/progress/complete"
	read, reset      = "GET /v1/progress", "DELETE /v1/progress"
	syncState, sync  = "GET /v1/sync", "POST /v1/sync"
	letters, letter  = "GET /v1/dead-letters", "GET /v1/dead-letters/{id}"
	replayAll        = "POST /v1/dead-letters/replay"
	replay, drop     = "POST /v1/dead-letters/{id}/replay", "DELETE /v1/dead-letters/{id}"
	events           = "GET /v1/sync/events"
	pull             = "GET /v1/events"
	refusedEvents    = "GET /v1/events/undelivered"
	redeliver        = "POST /v1/events/undelivered/redeliver"
	erase            = "DELETE /v1/users/{userId}"
	file             = "GET /ui/{file}"
	learnerStats     = "GET /v1/stats"
	courseStats      = "GET /v1/stats/courses/{courseId}"
	catalogue        = "GET /v1/courses/{courseId}"
	putCatalogue     = "PUT /v1/courses/{courseId}"
	dropCatalogue    = "DELETE /v1/courses/{courseId}"
)

const userHeader = "X-Progress-User"

// exchanges are those that need more than the document's examples.
func exchanges() []exchange {
	list := []exchange{
		{read, "while something is not saved", ready, 200, "", func(t *testing.T, s *stand, r *request) {
			s.must(t, "POST", "/v1/progress", `{"userId":"reader","courseId":"c","lessonId":"l","moduleId":"m","currentTime":3,"playbackSpeed":2}`)
			r.query = url.Values{"userId": {"reader"}}
		}, false},
		{read, "of what is saved", ready, 200, "", func(_ *testing.T, _ *stand, r *request) { r.query.Set("userId", "first") }, false},
		{read, "while Postgres is away", away, 200, "", func(_ *testing.T, _ *stand, r *request) { r.query.Set("userId", "first") }, false},
		{read, "without a learner", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) { r.query.Del("userId") }, false},
		{read, "while the memory is used up", ready, 503, "overloaded", slowUpload, true},
		{reset, "with Prefer", ready, 204, "", minimal, false},
		{reset, "without a lesson", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) { r.query.Del("lessonId") }, false},
		{reset, "of one more than may wait", away, 429, "full", nil, false},
		{reset, "during the shutdown", closed, 503, "stopping", nil, false},
		{reset, "on a full disk", full, 507, "no-space", nil, false},
		{reset, "that may have reached the learner's home", ready, 503, "in-doubt", inDoubt, false},
		{syncState, "of one learner", ready, 200, "", func(_ *testing.T, _ *stand, r *request) { r.query.Set("userId", "first") }, false},
		{syncState, "while Postgres is away", away, 200, "", func(t *testing.T, s *stand, _ *request) { failToSync(t, s) }, false},
		{syncState, "of too long an id", ready, 400, "query", tooLong("courseId"), false},
		{sync, "of something that is refused", ready, 200, "", func(t *testing.T, s *stand, _ *request) { implausible(t, s, "sync") }, false},
		{sync, "with a timeout that is none", ready, 400, "query", query("timeout", "soon"), false},
		{sync, "while Postgres is away", away, 503, "not-saved", query("userId", "first"), false},
		{events, "while Postgres is away", away, 200, "", func(t *testing.T, s *stand, _ *request) { failToSync(t, s) }, false},
		{events, "of too long an id", ready, 400, "query", tooLong("courseId"), false},
		{events, "for more than may listen", ready, 503, "overloaded", listeners, true},
		{events, "over HTTP/1.0", ready, 505, "http-version", func(_ *testing.T, _ *stand, r *request) { r.old = true }, false},
		{letters, "with one", ready, 200, "", func(t *testing.T, s *stand, _ *request) { newLetter(t, s, "list") }, false},
		{letters, "of a page", ready, 200, "", func(t *testing.T, s *stand, r *request) {
			newLetter(t, s, "page-1")
			newLetter(t, s, "page-2")
			r.query.Set("limit", "1")
		}, false},
		{letters, "with a limit of none", ready, 400, "query", query("limit", "0"), false},
		{letters, "during the shutdown", closed, 503, "stopping", nil, false},
		{letter, "that there is", ready, 200, "", anyLetter, false},
		{letter, "that there is not", ready, 404, "not-found", noLetter, false},
		{letter, "during the shutdown", closed, 503, "stopping", nil, false},
		{drop, "that there is", ready, 204, "", anyLetter, false},
		{drop, "that there is not", ready, 404, "not-found", noLetter, false},
		{drop, "during the shutdown", closed, 503, "stopping", nil, false},
		{replay, "that there is", ready, 200, "", anyLetter, false},
		{replay, "that there is not", ready, 404, "not-found", noLetter, false},
		{replay, "that can't be added", ready, 409, "range", func(t *testing.T, s *stand, _ *request) {
			s.faults.replay.Store(&buffer.ErrRange)
			t.Cleanup(func() { s.faults.replay.Store(nil) })
		}, false},
		{replay, "during the shutdown", closed, 503, "stopping", nil, false},
		{replayAll, "of a SQLSTATE", ready, 200, "", func(t *testing.T, s *stand, r *request) {
			newLetter(t, s, "all")
			r.query.Set("sqlState", "23514")
		}, false},
		{replayAll, "of no SQLSTATE", ready, 400, "query", query("sqlState", "1"), false},
		{replayAll, "during the shutdown", closed, 503, "stopping", nil, false},
		{pull, "with some", ready, 200, "", func(t *testing.T, s *stand, _ *request) {
			s.must(t, "POST", "/v1/progress/complete", `{"userId":"pull","courseId":"c","lessonIds":["1","2"]}`)
			s.must(t, "DELETE", "/v1/progress?userId=pull&courseId=c&lessonId=1", "")
			s.must(t, "DELETE", "/v1/users/pulled", "")
			kit.Eventually(t, "the events", func() error {
				failToSync(t, s) // or not: it may be held up by what other cases left
				all := s.must(t, "GET", "/v1/events", "")
				return kit.Unless(strings.Contains(all, "lesson.reset") && strings.Contains(all, "learner.erased"), all)
			})
		}, false},
		{pull, "after what is no cursor", ready, 400, "query", query("after", "x"), false},
		{pull, "with a limit of none", ready, 400, "query", query("limit", "0"), false},
		{pull, "while there are none", ready, 409, "events-off", func(t *testing.T, s *stand, _ *request) {
			s.faults.events.Store(&postgres.ErrEventsOff)
			t.Cleanup(func() { s.faults.events.Store(nil) })
		}, false},
		{pull, "of long ago", ready, 410, "events-gone", query("after", base64.RawURLEncoding.EncodeToString([]byte("1 9 1 1000000 0123456789abcdef"))), false},
		{pull, "without Postgres", away, 503, "database", nil, false},
		{refusedEvents, "with one", ready, 200, "", nil, false},
		{refusedEvents, "with a limit of none", ready, 400, "query", query("limit", "0"), false},
		{refusedEvents, "while there are none", ready, 409, "events-off", func(t *testing.T, s *stand, _ *request) {
			s.faults.events.Store(&postgres.ErrEventsOff)
			t.Cleanup(func() { s.faults.events.Store(nil) })
		}, false},
		{refusedEvents, "without Postgres", away, 503, "database", nil, false},
		{redeliver, "of one", ready, 200, "", query("id", refusedEvent), false},
		{redeliver, "of what is no event", ready, 400, "query", query("id", "1"), false},
		{redeliver, "of one that was not refused", ready, 404, "not-found", query("id", "00000000-0000-8000-8000-000000000000"), false},
		{redeliver, "while there are none", ready, 409, "events-off", func(t *testing.T, s *stand, _ *request) {
			s.faults.events.Store(&postgres.ErrEventsOff)
			t.Cleanup(func() { s.faults.events.Store(nil) })
		}, false},
		{redeliver, "without Postgres", away, 503, "database", nil, false},
		{erase, "without Postgres", away, 202, "", nil, false},
		{erase, "of too long an id", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) {
			r.in["userId"] = strings.Repeat("x", 256)
		}, false},
		{erase, "of one more than may wait", ready, 429, "full", func(t *testing.T, s *stand, _ *request) {
			s.faults.erase.Store(&buffer.ErrFull)
			t.Cleanup(func() { s.faults.erase.Store(nil) })
		}, false},
		{erase, "during the shutdown", closed, 503, "stopping", nil, false},
		{file, "that the browser has", ready, 304, "", func(t *testing.T, s *stand, r *request) {
			have := (&request{method: "GET", path: r.path, in: r.in, header: http.Header{}}).send(t, s)
			_ = have.Body.Close() // only its header matters
			r.header.Set("If-None-Match", have.Header.Get("ETag"))
		}, false},
		{file, "that there is not", ready, 404, "not-found", func(_ *testing.T, _ *stand, r *request) { r.in["file"] = "none.js" }, false},
	}
	return slices.Concat(list, writes(), tells(), statistics())
}

// statistics are the exchanges about what rows add up to.
func statistics() []exchange {
	known := func(t *testing.T, s *stand, r *request) {
		s.must(t, "POST", "/v1/progress", `{"userId":"counted","courseId":"go-101","lessonId":"channels","percentage":40,"watchedDelta":3}`)
		s.must(t, "POST", "/v1/sync?userId=counted", "")
		s.must(t, "PUT", "/v1/courses/go-101", `{"lessons":[{"lessonId":"channels","weight":2},{"lessonId":"select","required":false}]}`)
		if r.query.Has("userId") {
			r.query.Set("userId", "counted")
		}
	}
	return []exchange{
		{learnerStats, "of what is saved", ready, 200, "", known, false},
		{learnerStats, "of one course that was not started", ready, 200, "", func(t *testing.T, s *stand, r *request) {
			known(t, s, r)
			r.query = url.Values{"userId": {"nobody"}, "courseId": {"go-101"}}
		}, false},
		{learnerStats, "without a learner", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) { r.query.Del("userId") }, false},
		{learnerStats, "of a lesson", ready, 400, "query", query("lessonId", "channels"), false},
		{learnerStats, "while Postgres is away", away, 503, "no-statistics", nil, false},
		{courseStats, "of what is saved", ready, 200, "", known, false},
		{courseStats, "of too long an id", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) { r.in["courseId"] = strings.Repeat("x", 256) }, false},
		{courseStats, "while Postgres is away", away, 503, "no-statistics", nil, false},
		{courseStats, "of a table without courses", ready, 409, "no-courses", func(t *testing.T, s *stand, r *request) {
			r.in["courseId"] = "none is kept"
			s.faults.report.Store(&postgres.ErrNoCourses)
			t.Cleanup(func() { s.faults.report.Store(nil) })
		}, false},
		{catalogue, "that there is", ready, 200, "", known, false},
		{catalogue, "that there is not", ready, 404, "not-found", func(_ *testing.T, _ *stand, r *request) { r.in["courseId"] = "none" }, false},
		{catalogue, "while Postgres is away", away, 503, "no-statistics", nil, false},
		{putCatalogue, "of half a document", ready, 400, "malformed", give(`{"lessons":`), false},
		{putCatalogue, "of too many bytes", ready, 413, "too-large", limits(func(l *ingest.Limits) { l.MaxBodyBytes = 10 }), false},
		{putCatalogue, "of XML", ready, 415, "media-type", func(_ *testing.T, _ *stand, r *request) { r.give("application/xml", "<a/>") }, false},
		{putCatalogue, "of a weight that is none", ready, 422, "invalid", give(`{"lessons":[{"lessonId":"l","weight":0}]}`), false},
		{putCatalogue, "while Postgres is away", away, 503, "no-statistics", nil, false},
		{dropCatalogue, "while Postgres is away", away, 503, "no-statistics", nil, false},
	}
}

// writes are the exchanges of the calls that take items.
func writes() (list []exchange) {
	const good = `{"userId":"ada","courseId":"go-101","lessonId":"writes"}`
	for _, op := range []string{accept, complete} {
		list = append(list, []exchange{
			{op, "of nothing", ready, 200, "", give("[]"), false},
			{op, "with Prefer", ready, 204, "", minimal, false},
			{op, "with Prefer for a receipt", ready, 200, "", receipt, false},
			{op, "of a good one and a bad one with Prefer for a receipt", ready, 207, "", func(t *testing.T, s *stand, r *request) {
				receipt(t, s, r)
				give("["+good+`,{"userId":"ada"}]`)(t, s, r)
			}, false},
			{op, "with an event id twice", ready, 200, "", func(t *testing.T, s *stand, r *request) {
				again := strings.Replace(good, "}", `,"eventId":"e"}`, 1)
				s.must(t, "POST", r.path, again)
				r.give("application/json", again)
			}, false},
			{op, "with an event id twice, saved", ready, 200, "", func(t *testing.T, s *stand, r *request) {
				again := strings.NewReplacer("}", `,"eventId":"s"}`, "writes", "saved").Replace(good)
				s.must(t, "POST", r.path, again)
				// This lesson only: what other cases left may be refused.
				s.must(t, "POST", "/v1/sync?userId=ada&courseId=go-101&lessonId=saved", "")
				r.give("application/json", again)
			}, false},
			{op, "of a good one and a bad one", ready, 207, "", give("[" + good + `,{"userId":"ada"}]`), false},
			{op, "of a bad one and Prefer", ready, 207, "", func(t *testing.T, s *stand, r *request) {
				minimal(t, s, r)
				give("["+good+",null]")(t, s, r)
			}, false},
			{op, "of a line that is cut off", ready, 207, "", func(_ *testing.T, _ *stand, r *request) {
				r.give("application/x-ndjson", good+"\n"+good[:20])
			}, false},
			{op, "of more mistakes than are listed", ready, 422, "invalid", give("[" + strings.Repeat("0,", 200) + "0]"), false},
			{op, "of a good one among many mistakes", ready, 207, "", give("[" + good + strings.Repeat(",0", 200) + "]"), false},
			{op, "with the device's clock", ready, 200, "", give(strings.Replace(good, "}", `,"occurredAt":1793000000000,"sentAt":"2026-10-26T07:33:20Z"}`, 1)), false},
			{op, "of seconds", ready, 422, "invalid", give(strings.Replace(good, "}", `,"occurredAt":1793000000}`, 1)), false},
			{op, "of half a document", ready, 400, "malformed", give(good[:20]), false},
			{op, "of an erased learner", ready, 410, "erased", func(t *testing.T, s *stand, r *request) {
				s.must(t, "DELETE", "/v1/users/gone", "")
				r.give("application/json", `{"userId":"gone","courseId":"c","lessonId":"l","occurredAt":946684800000}`)
			}, false},
			{op, "of too many bytes", ready, 413, "too-large", limits(func(l *ingest.Limits) { l.MaxBodyBytes = 10 }), false},
			{op, "of too many items", ready, 413, "too-large", func(t *testing.T, s *stand, r *request) {
				s.limit(t, func(l *ingest.Limits) { l.MaxItems = 1 })
				r.give("application/json", "["+good+","+good+"]")
			}, false},
			{op, "packed in a way that is not known", ready, 415, "content-encoding", func(_ *testing.T, _ *stand, r *request) {
				r.give("application/json", good)
				r.header.Set("Content-Encoding", "br")
			}, false},
			{op, "that is not packed as it says", ready, 400, "malformed", func(_ *testing.T, _ *stand, r *request) {
				r.give("application/json", good)
				r.header.Set("Content-Encoding", "zstd")
			}, false},
			{op, "of XML", ready, 415, "media-type", func(_ *testing.T, _ *stand, r *request) { r.give("application/xml", "<a/>") }, false},
			{op, "of a number", ready, 422, "invalid", give("1"), false},
			{op, "of a bad one", ready, 422, "invalid", give(`{"userId":"ada","courseId":1,"lessonId":"l"}`), false},
			{op, "of one more than may wait", away, 429, "full", nil, false},
			{op, "among too many", ready, 503, "overloaded", limits(func(l *ingest.Limits) { l.MaxConcurrent = 0 }), false},
			{op, "during the shutdown", closed, 503, "stopping", nil, false},
			{op, "on a full disk", full, 507, "no-space", nil, false},
			{op, "that may have reached the learner's home", ready, 503, "in-doubt", inDoubt, false},
		}...)
	}
	return list
}

// inDoubt takes the home's answer away.
func inDoubt(t *testing.T, s *stand, _ *request) {
	s.faults.home.Store(&hop.ErrInDoubt)
	t.Cleanup(func() { s.faults.home.Store(nil) })
}

// guards are the exchanges that the document's parameters ask for: who may ask,
// and for whom.
func (d *description) guards() (list []exchange) {
	for _, key := range d.operations() {
		_, _, op := d.operation(key)
		list = append(list,
			exchange{key, "for another host", ready, 403, "host", func(_ *testing.T, _ *stand, r *request) {
				r.host = "lms.example"
			}, false},
			exchange{key, "with a parameter twice", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) {
				r.query["lessonId"] = []string{"a", "b"}
			}, false},
		)
		if !strings.HasPrefix(key, "GET ") {
			list = append(list, exchange{key, "for another page", ready, 403, "cross-origin", func(_ *testing.T, _ *stand, r *request) {
				r.header.Set("Sec-Fetch-Site", "cross-site")
			}, false})
		}
		forLearners := false
		for _, p := range d.parameters(op) {
			forLearners = forLearners || p.Name == userHeader
		}
		if !forLearners {
			list = append(list, exchange{key, "for a learner", ready, 403, "not-for-learners", as("ada"), false})
			continue
		}
		list = append(list,
			exchange{key, "for nobody", ready, 401, "user-header", as(""), false},
			exchange{key, "for two learners", ready, 400, "user-header", as("ada", "bob"), false},
			exchange{key, "for the learner", ready, op.best(), "", as("ada"), false},
			exchange{key, "for another learner", ready, 403, "other-user", func(t *testing.T, s *stand, r *request) {
				as("bob")(t, s, r)
				if r.body == "" {
					r.query.Set("userId", "ada")
				}
			}, false},
		)
	}
	return list
}

// as sends the user header, which the policy asks for.
func as(users ...string) func(*testing.T, *stand, *request) {
	return func(t *testing.T, s *stand, r *request) {
		s.limit(t, func(l *ingest.Limits) { l.UserHeader = userHeader })
		r.header[userHeader] = users
	}
}

func give(body string) func(*testing.T, *stand, *request) {
	return func(_ *testing.T, _ *stand, r *request) { r.give("application/json", body) }
}

func query(name, value string) func(*testing.T, *stand, *request) {
	return func(_ *testing.T, _ *stand, r *request) { r.query.Set(name, value) }
}

func tooLong(name string) func(*testing.T, *stand, *request) {
	return query(name, strings.Repeat("x", 256))
}

func limits(change func(*ingest.Limits)) func(*testing.T, *stand, *request) {
	return func(t *testing.T, s *stand, _ *request) { s.limit(t, change) }
}

func minimal(_ *testing.T, _ *stand, r *request) { r.header.Set("Prefer", "return=minimal") }

func receipt(_ *testing.T, _ *stand, r *request) { r.header.Set("Prefer", "return=receipt") }

// implausible accepts what Postgres will refuse.
func implausible(t *testing.T, s *stand, lesson string) {
	t.Helper()
	s.must(t, "POST", "/v1/progress", fmt.Sprintf(`{"userId":"u","courseId":"c","lessonId":%q,"seekEvents":5000}`, lesson))
}

// newLetter makes a dead letter and returns its id.
func newLetter(t *testing.T, s *stand, lesson string) string {
	t.Helper()
	implausible(t, s, lesson)
	// One that is written beside it shows that the table is not at fault.
	s.must(t, "POST", "/v1/progress", fmt.Sprintf(`{"userId":"u","courseId":"c","lessonId":"beside %s"}`, lesson))
	s.must(t, "POST", "/v1/sync", "")
	var answer struct{ DeadLetters []struct{ ID string } }
	if err := json.Unmarshal([]byte(s.must(t, "GET", "/v1/dead-letters?limit=1000", "")), &answer); err != nil || len(answer.DeadLetters) == 0 {
		t.Fatal(err, answer)
	}
	return answer.DeadLetters[len(answer.DeadLetters)-1].ID
}

func anyLetter(t *testing.T, s *stand, r *request) { r.in["id"] = newLetter(t, s, "any") }

func noLetter(_ *testing.T, _ *stand, r *request) { r.in["id"] = "999999" }

func failToSync(t *testing.T, s *stand) {
	t.Helper()
	r := &request{method: "POST", path: "/v1/sync", header: http.Header{}}
	response := r.send(t, s)
	_ = response.Body.Close() // only that it was tried matters
}

// slowUpload holds all memory for bodies by one that does not end.
func slowUpload(t *testing.T, s *stand, r *request) {
	s.limit(t, func(l *ingest.Limits) { l.MaxBytesInFlight = 1 })
	r.query.Set("userId", "first")
	body, writer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	upload, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/progress", body)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if response, err := http.DefaultTransport.RoundTrip(upload); err == nil {
			_ = response.Body.Close() // it is cut off
		}
	}()
	if _, err := writer.Write([]byte(`{"userId":`)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = writer.Close() // whoever read it has gone
		<-ended
	})
}

// listeners follow the events, as many as may.
func listeners(t *testing.T, s *stand, r *request) {
	for range 64 {
		response := r.send(t, s)
		t.Cleanup(func() { _ = response.Body.Close() }) // it has no end of its own
	}
}
