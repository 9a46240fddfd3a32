package ingest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestAParameterGivenTwiceIsRefusedEverywhere(t *testing.T) {
	for _, call := range []string{
		"POST /v1/progress", "GET /v1/progress", "HEAD /v1/progress", "DELETE /v1/progress", "POST /v1/progress/complete",
		"POST /v1/sync", "GET /v1/sync", "GET /v1/sync/events",
		"GET /v1/dead-letters", "GET /v1/dead-letters/1", "DELETE /v1/dead-letters/1",
		"POST /v1/dead-letters/1/replay", "POST /v1/dead-letters/replay", "DELETE /v1/users/ada",
		"GET /openapi.json", "GET /ui/", "GET /nowhere",
	} {
		for query, field := range map[string]string{
			"userId=ada&courseId=c&lessonId=l&userId=bob": "userId",
			"userId=ada&courseId=c&lessonId=l&userId=ada": "userId",
			"userId=ada&user%49d=bob":                     "userId",
			"timeout=1s&timeout=2s":                       "timeout",
			"limit=&limit=5":                              "limit",
			"secret=1&secret=2":                           "the query",
			"userId=%zz":                                  "the query",
			"userId=a;b":                                  "the query",
		} {
			t.Run(call+" "+query, func(t *testing.T) {
				d := newDesk()
				method, path, _ := strings.Cut(call, " ")
				a := d.ask(t, httptest.NewRequest(method, path+"?"+query, strings.NewReader(item("ada"))))
				expect(t, a, 400, map[string]any{"field": field, "type": problemType + "query"})
				if strings.Contains(a.text, "secret") || strings.Contains(a.text, "bob") {
					t.Errorf("the answer repeats the request: %s", a.text)
				}
				if len(d.buffer.records) != 0 {
					t.Error("something was kept")
				}
			})
		}
	}
}

func TestParametersThatTheAPIDoesNotKnowAreIgnored(t *testing.T) {
	d := newDesk()
	r := post(item("u"))
	r.URL.RawQuery = "_=1793000000000&utm_source=mail"
	expect(t, d.ask(t, r), 200, nil)
	expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u&_=1", nil)), 200, map[string]any{"progress.0.userId": "u"})
}

func TestAPlusInAQueryIsASpace(t *testing.T) {
	d := newDesk()
	d.ask(t, post(`{"userId":"ada+bob@example.com","courseId":"c","lessonId":"c++ 1"}`))
	for query, found := range map[string]int{
		"userId=ada%2Bbob@example.com&lessonId=c%2B%2B+1":   1,
		"userId=ada%2Bbob@example.com&lessonId=c%2B%2B%201": 1,
		"userId=ada+bob@example.com":                        0,
		"userId=ada%2Bbob@example.com&lessonId=c+++1":       0,
	} {
		a := d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?"+query, nil))
		if n := len(a.body["progress"].([]any)); n != found {
			t.Errorf("%s finds %d records", query, n)
		}
	}
}

func TestAResetSaysWhetherAnythingWasKnown(t *testing.T) {
	key := progress.Key{UserID: "ada+1", CourseID: "c", LessonID: "l"}
	saved := progress.Update{Key: key, CurrentTime: progress.Some(5)}.Record(1000, 95)
	reset := progress.Reset(key, 2000)
	for name, c := range map[string]struct {
		prepare func(d *desk)
		user    string
		known   any
	}{
		"held here":                {func(d *desk) { d.ask(t, post(item("ada+1"))) }, "ada%2B1", true},
		"held here, no database":   {func(d *desk) { d.ask(t, post(item("ada+1"))); d.reader.err = context.DeadlineExceeded }, "ada%2B1", true},
		"saved":                    {func(d *desk) { d.reader.saved.Records = []progress.Record{saved} }, "ada%2B1", true},
		"saved and reset":          {func(d *desk) { d.reader.saved.Records = []progress.Record{reset} }, "ada%2B1", false},
		"known to nobody":          {func(*desk) {}, "ada%2B1", false},
		"a + that was not encoded": {func(d *desk) { d.ask(t, post(item("ada+1"))) }, "ada+1", false},
		"the database is away":     {func(d *desk) { d.reader.err = context.DeadlineExceeded }, "ada%2B1", nil},
		"the database hangs":       {func(d *desk) { d.reader.hangs = true }, "ada%2B1", nil},
		"too many ask it": {func(d *desk) {
			for range d.limits.Load().maxReads() {
				d.reads.enter(1 << 20)
			}
		}, "ada%2B1", nil},
		"reset a moment ago": {func(d *desk) {
			d.reader.saved.Records = []progress.Record{saved}
			d.ask(t, httptest.NewRequest(http.MethodDelete, "/v1/progress?userId=ada%2B1&courseId=c&lessonId=l", nil))
		}, "ada%2B1", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			limits := LimitsOf(config.Default())
			limits.ReadTimeout = 20 * time.Millisecond
			d.SetLimits(limits)
			c.prepare(d)
			a := d.ask(t, httptest.NewRequest(http.MethodDelete, "/v1/progress?courseId=c&lessonId=l&userId="+c.user, nil))
			expect(t, a, 200, map[string]any{"known": c.known, "progress.positionSeconds": 0.0, "progress.saved": false})
			if _, there := a.body["known"]; !there {
				t.Error("the answer does not speak of it")
			}
			if a.get(t, "progress", "generation").(float64) == 0 {
				t.Error("nothing was reset")
			}
		})
	}
	t.Run("nobody is asked for an answer without content", func(t *testing.T) {
		d := newDesk()
		d.reader.hangs = true
		r := httptest.NewRequest(http.MethodDelete, "/v1/progress?userId=u&courseId=c&lessonId=l", nil)
		r.Header.Set("Prefer", "return=minimal")
		expect(t, d.ask(t, r), 204, nil)
	})
}
