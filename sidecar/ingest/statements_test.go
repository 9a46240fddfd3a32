package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// idOf is the id of the n-th statement.
func idOf(n int) string { return fmt.Sprintf("0f0e0d0c-0000-4000-8000-%012d", n) }

func statement(n int, learner string, more ...string) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"account":{"homePage":"https://lms.example","name":%q}},
		"verb":{"id":"https://w3id.org/xapi/video/verbs/paused"},"object":{"id":"https://lms.example/lesson"}%s}`, idOf(n), learner, strings.Join(more, ""))
}

func put(id, body string) *http.Request {
	r := statements(body)
	r.Method = http.MethodPut
	r.URL.RawQuery = "statementId=" + id
	return r
}

// kindOf is that of a problem, empty for none.
func kindOf(w *httptest.ResponseRecorder) string {
	var p problemAnswer
	_ = json.Unmarshal(w.Body.Bytes(), &p) // what is none has no type
	return strings.TrimPrefix(p.Type, problemType)
}

func pauses(d *desk, learner string) int64 {
	const lesson = "https://lms.example/lesson"
	return d.buffer.records[progress.Key{UserID: learner, CourseID: lesson, LessonID: lesson}].PauseEvents
}

func TestStatementsAreAnsweredAsXAPISays(t *testing.T) {
	unknown := strings.Replace(statement(9, "ada"), "video/verbs/paused", "verbs/pondered", 1)
	for name, c := range map[string]struct {
		request *http.Request
		code    int
		answer  string // of a good one
		kind    string // of a problem
		kept    int64
	}{
		"one":                         {statements(statement(1, "ada")), 200, `["` + idOf(1) + `"]`, "", 1},
		"several, in their order":     {statements("[" + statement(2, "ada") + "," + statement(1, "ada") + "]"), 200, `["` + idOf(2) + `","` + idOf(1) + `"]`, "", 2},
		"none":                        {statements("[]"), 200, `[]`, "", 0},
		"one that is not kept":        {statements("[" + unknown + "," + statement(1, "ada") + "]"), 200, `["` + idOf(9) + `","` + idOf(1) + `"]`, "", 1},
		"an id in capitals":           {statements(strings.ReplaceAll(statement(1, "ada"), "0f0e0d0c", "0F0E0D0C")), 200, `["0F0E0D0C-0000-4000-8000-000000000001"]`, "", 1},
		"one that is put":             {put(idOf(1), statement(1, "ada")), 204, "", "", 1},
		"one bad one refuses all":     {statements("[" + statement(1, "ada") + "," + statement(2, "") + "]"), 400, "", "invalid", 0},
		"half of it":                  {statements("[" + statement(1, "ada")), 400, "", "malformed", 0},
		"one id twice":                {statements("[" + statement(1, "ada") + "," + statement(1, "ada") + "]"), 400, "", "invalid", 0},
		"put without an id":           {put("", statement(1, "ada")), 400, "", "query", 0},
		"put under no UUID":           {put("1", statement(1, "ada")), 400, "", "query", 0},
		"put under another id":        {put(idOf(2), statement(1, "ada")), 400, "", "invalid", 0},
		"several put under one":       {put(idOf(1), "["+statement(1, "ada")+"]"), 400, "", "malformed", 0},
		"put with a parameter more":   {put(idOf(1)+"&x=1", statement(1, "ada")), 400, "", "query", 0},
		"an id in other letters":      {change(put(idOf(1), statement(1, "ada")), func(r *http.Request) { r.URL.RawQuery = "StatementId=" + idOf(1) }), 400, "", "query", 0},
		"posted under an id":          {change(statements(statement(1, "ada")), func(r *http.Request) { r.URL.RawQuery = "statementId=" + idOf(1) }), 400, "", "query", 0},
		"the alternate syntax":        {change(statements(statement(1, "ada")), func(r *http.Request) { r.URL.RawQuery = "method=PUT" }), 400, "", "query", 0},
		"a form":                      {typed(statements("method=PUT"), "application/x-www-form-urlencoded"), 415, "", "media-type", 0},
		"with attachments":            {typed(statements("--x"), "multipart/mixed; boundary=x"), 415, "", "media-type", 0},
		"of no type":                  {typed(statements(statement(1, "ada")), ""), 415, "", "media-type", 0},
		"of another charset":          {typed(statements(statement(1, "ada")), "application/json; charset=latin1"), 415, "", "media-type", 0},
		"of the usual charset":        {typed(statements(statement(1, "ada")), "application/json; charset=UTF-8"), 200, `["` + idOf(1) + `"]`, "", 1},
		"as lines":                    {typed(statements(statement(1, "ada")), "application/x-ndjson"), 415, "", "media-type", 0},
		"packed":                      {packedStatement(), 200, `["` + idOf(1) + `"]`, "", 1},
		"too many":                    {statements("[" + statement(1, "ada") + "," + statement(2, "ada") + "," + statement(3, "ada") + "," + statement(4, "ada") + "]"), 413, "", "too-large", 0},
		"too many bytes":              {statements(statement(1, "ada") + strings.Repeat(" ", 5000)), 413, "", "too-large", 0},
		"read back":                   {change(statements(""), func(r *http.Request) { r.Method = http.MethodGet }), 501, "", "not-a-record-store", 0},
		"removed":                     {change(statements(""), func(r *http.Request) { r.Method = http.MethodDelete }), 405, "", "method", 0},
		"a state":                     {change(statements(""), func(r *http.Request) { r.URL.Path = "/v1/xapi/activities/state" }), 501, "", "not-a-record-store", 0},
		"a profile of an activity":    {change(statements(""), func(r *http.Request) { r.URL.Path = "/v1/xapi/activities/profile" }), 501, "", "not-a-record-store", 0},
		"an activity":                 {change(statements(""), func(r *http.Request) { r.URL.Path = "/v1/xapi/activities" }), 501, "", "not-a-record-store", 0},
		"an agent":                    {change(statements(""), func(r *http.Request) { r.URL.Path = "/v1/xapi/agents" }), 501, "", "not-a-record-store", 0},
		"a profile of an agent":       {change(statements(""), func(r *http.Request) { r.URL.Path = "/v1/xapi/agents/profile" }), 501, "", "not-a-record-store", 0},
		"something that xAPI has not": {change(statements(""), func(r *http.Request) { r.URL.Path = "/v1/xapi/grades" }), 404, "", "not-found", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newStandardsDesk(func(i *config.Ingest) { i.MaxItems, i.MaxBodyBytes = 3, 4096 })
			w := d.tell(c.request)
			if w.Code != c.code || kindOf(w) != c.kind {
				t.Errorf("%d %s, want %d %s: %s", w.Code, kindOf(w), c.code, c.kind, w.Body)
			}
			if c.kind == "" && strings.TrimSpace(w.Body.String()) != c.answer {
				t.Errorf("the answer is %s", w.Body)
			}
			if got := pauses(d, "ada"); got != c.kept {
				t.Errorf("%d are kept, want %d", got, c.kept)
			}
			if got := w.Header().Get("X-Experience-Api-Version"); got != "1.0.3" {
				t.Errorf("the version is %q", got)
			}
		})
	}
}

func change(r *http.Request, how func(*http.Request)) *http.Request {
	how(r)
	return r
}

func typed(r *http.Request, media string) *http.Request {
	r.Header.Set("Content-Type", media)
	return r
}

func packedStatement() *http.Request {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(statement(1, "ada"))); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	r := statements(b.String())
	r.Header.Set("Content-Encoding", "gzip")
	return r
}

func TestAMistakeNamesTheStatementAndTheField(t *testing.T) {
	d := newStandardsDesk(nil)
	a := d.ask(t, statements("["+statement(1, "ada")+","+statement(2, "ada", `,"result":{"duration":"long"}`)+"]"))
	expect(t, a, http.StatusBadRequest, map[string]any{"field": "result.duration", "errors.0.index": 1.0, "errors.0.field": "result.duration"})
	if detail := fmt.Sprint(a.get(t, "detail")); !strings.Contains(detail, "event 1: result.duration must be a length of time") {
		t.Error(detail)
	}
	if strings.Contains(a.text, "long") && strings.Contains(a.text, "ada") {
		t.Error("it repeats what was sent", a.text)
	}
	if diff := cmp.Diff(map[string]int{"invalid": 1}, d.state.rejected); diff != "" {
		t.Error(diff)
	}
}

func TestTheVersionOfXAPIIsAskedForAndAnswered(t *testing.T) {
	for version, want := range map[string]struct {
		code   int
		answer string
	}{
		"1.0.3": {200, "1.0.3"}, "1.0": {200, "1.0.3"}, "1.0.0": {200, "1.0.3"}, "1.0.9": {200, "1.0.3"}, "2.0.0": {200, "2.0.0"}, "2.0": {200, "2.0.0"}, "2.0.1": {200, "2.0.0"},
		"": {400, "1.0.3"}, "0.9": {400, "1.0.3"}, "0.95": {400, "1.0.3"}, "1.1.0": {400, "1.0.3"}, "1": {400, "1.0.3"}, "2.1.0": {400, "1.0.3"}, "3.0.0": {400, "1.0.3"},
	} {
		d := newStandardsDesk(nil)
		w := d.tell(change(statements(statement(1, "ada")), func(r *http.Request) {
			r.Header.Set("X-Experience-API-Version", version)
			if version == "" {
				r.Header.Del("X-Experience-API-Version")
			}
		}))
		if got := w.Header().Get("X-Experience-API-Version"); w.Code != want.code || got != want.answer {
			t.Errorf("%q: %d %s", version, w.Code, got)
		}
	}
}

func TestAStandardIsTakenOnlyWhereThePolicyNamesIt(t *testing.T) {
	about := httptest.NewRequest(http.MethodGet, "/v1/xapi/about", nil)
	for standard, off := range map[config.Standard][]*http.Request{
		config.StandardCaliper: {statements(statement(1, "ada")), put(idOf(1), statement(1, "ada")), about},
		config.StandardXAPI:    {envelopeOf("{}")},
	} {
		d := newStandardsDesk(func(i *config.Ingest) { i.Standards = []config.Standard{standard} })
		for _, r := range off {
			if w := d.tell(r); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "to ingest.standards of the policy") {
				t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
			}
		}
		if len(d.buffer.records) > 0 {
			t.Error("something was kept")
		}
	}
}

func TestAboutNamesTheVersions(t *testing.T) {
	w := newStandardsDesk(nil).tell(httptest.NewRequest(http.MethodGet, "/v1/xapi/about", nil))
	if w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"version":["1.0.3","2.0.0"]}` {
		t.Error(w.Code, w.Body)
	}
}

func TestAStatementOfAnotherLearnerIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		request *http.Request
		users   []string
		code    int
		kept    int64
	}{
		"of the learner":         {statements(statement(1, "ada")), []string{"ada"}, 200, 1},
		"of another":             {statements(statement(1, "ada")), []string{"bob"}, 403, 0},
		"of one of two":          {statements("[" + statement(1, "ada") + "," + statement(2, "bob") + "]"), []string{"ada"}, 403, 0},
		"of nobody who is known": {statements(statement(1, "ada")), nil, 401, 0},
		"put for another":        {put(idOf(1), statement(1, "ada")), []string{"bob"}, 403, 0},
	} {
		d := newStandardsDesk(func(i *config.Ingest) { i.UserHeader = "X-Progress-User" })
		if w := d.tell(from(c.request, c.users...)); w.Code != c.code || pauses(d, "ada") != c.kept {
			t.Errorf("%s: %d %s, %d kept", name, w.Code, w.Body, pauses(d, "ada"))
		}
	}
}

func TestAnotherStatementUnderTheSameIDIsAConflict(t *testing.T) {
	d := newStandardsDesk(nil)
	other := statement(1, "ada", `,"result":{"extensions":{"https://w3id.org/xapi/video/extensions/time":9}}`)
	for _, step := range []struct {
		name    string
		request *http.Request
		code    int
	}{
		{"the first", statements(statement(1, "ada")), 200},
		{"the same again", statements(statement(1, "ada")), 200},
		{"the same again, put", put(idOf(1), statement(1, "ada")), 204},
		{"the same, written otherwise", statements(strings.ReplaceAll(statement(1, "ada", `,"version":"1.0.0"`), "\t", " ")), 200},
		{"another", statements(other), 409},
		{"another, put", put(idOf(1), other), 409},
		{"another in capitals", statements(strings.ReplaceAll(other, "0f0e0d0c", "0F0E0D0C")), 409},
		{"a new one with another", statements("[" + statement(2, "ada") + "," + other + "]"), 409},
		{"the new one alone", statements(statement(2, "ada")), 200},
	} {
		before := len(d.buffer.records)
		if w := d.tell(step.request); w.Code != step.code {
			t.Errorf("%s: %d %s", step.name, w.Code, w.Body)
		}
		if step.code == 409 && len(d.buffer.records) != before {
			t.Error(step.name, "was kept")
		}
	}
	const lesson = "https://lms.example/lesson"
	if r := d.buffer.records[progress.Key{UserID: "ada", CourseID: lesson, LessonID: lesson}]; r.Position != 0 {
		t.Error("a conflict was merged", r)
	}
}

func TestTheOldestStatementsAreForgottenFirst(t *testing.T) {
	memory := newTold()
	event := func(n int, what float64) []standards.Event {
		return []standards.Event{{ID: idOf(n), Outcome: standards.OutcomeUpdate, Update: progress.Update{CurrentTime: progress.Some(what)}}}
	}
	for n := range maxTold + 1 {
		memory.remember(event(n, 1))
	}
	if len(memory.what) != maxTold || len(memory.ids) != maxTold {
		t.Error(len(memory.what), len(memory.ids))
	}
	if memory.conflict(event(0, 2)) != -1 || memory.conflict(event(1, 2)) != 0 || memory.conflict(event(maxTold, 2)) != 0 || memory.conflict(event(1, 1)) != -1 {
		t.Error("another one was forgotten")
	}
}

func TestWhatTheBufferCanNotKeepIsSentAgain(t *testing.T) {
	const lesson = "https://lms.example/lesson"
	two := "[" + statement(1, "ada") + "," + statement(2, "bob") + "]"
	for name, c := range map[string]struct {
		put    error
		bob    error
		code   int
		kind   string
		detail string
	}{
		"the buffer is full for one": {nil, buffer.ErrFull, 429, "full", "1 of 2 events were not kept"},
		"one was erased":             {nil, buffer.ErrErased, 410, "erased", "1 of 2 events were not kept"},
		"the disk is full":           {buffer.ErrNoSpace, nil, 507, "no-space", "send it again later"},
		"the sidecar goes":           {buffer.ErrClosed, nil, 503, "stopping", "nothing of this request was kept"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newStandardsDesk(nil)
			d.buffer.putError = c.put
			if c.bob != nil {
				d.buffer.refuse[progress.Key{UserID: "bob", CourseID: lesson, LessonID: lesson}] = c.bob
			}
			w := d.tell(statements(two))
			if w.Code != c.code || kindOf(w) != c.kind || !strings.Contains(w.Body.String(), c.detail) {
				t.Error(w.Code, w.Body)
			}
			if len(d.state.events) > 0 {
				t.Error("counted as accepted", d.state.events)
			}
			d.buffer.putError = nil
			clear(d.buffer.refuse)
			if w := d.tell(statements(two)); w.Code != http.StatusOK {
				t.Error("sent again:", w.Code, w.Body)
			}
		})
	}
}

func TestStatementsAreRefusedAmongTooMany(t *testing.T) {
	d := newStandardsDesk(func(i *config.Ingest) { i.MaxConcurrent = 0 })
	if w := d.tell(statements(statement(1, "ada"))); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Error(w.Code, w.Body)
	}
}

func TestAnEnvelopeIsAnsweredAsCaliperSays(t *testing.T) {
	good := session(t, "caliper")
	for name, c := range map[string]struct {
		request *http.Request
		code    int
	}{
		"an envelope":       {envelopeOf(good), 200},
		"an event alone":    {envelopeOf(`{"type":"MediaEvent"}`), 400},
		"a version to come": {envelopeOf(strings.ReplaceAll(good, "caliper/v1p2", "caliper/v2p0")), 422},
		"of another type":   {typed(envelopeOf(good), "text/plain"), 415},
		"one bad event":     {envelopeOf(strings.Replace(good, `"PT12.5S"`, `"12.5"`, 1)), 400},
	} {
		d := newStandardsDesk(nil)
		w := d.tell(c.request)
		if w.Code != c.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if kept := len(d.buffer.records) > 0; kept != (c.code == 200) || kept && w.Body.Len() > 0 {
			t.Errorf("%s: %d records, the answer is %q", name, len(d.buffer.records), w.Body)
		}
	}
}

func TestTheOutcomesHaveNames(t *testing.T) {
	d := newStandardsDesk(nil)
	voiding := fmt.Sprintf(`{"actor":{"mbox":"mailto:a@b.example"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},
		"object":{"objectType":"StatementRef","id":%q}}`, idOf(1))
	unknown := strings.Replace(statement(9, "ada"), "video/verbs/paused", "verbs/pondered", 1)
	if w := d.tell(statements("[" + statement(1, "ada") + "," + voiding + "," + unknown + "]")); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	var want []string
	for _, o := range standards.Outcomes() {
		want = append(want, "xAPI "+string(o))
	}
	for _, name := range want {
		if d.state.events[name] != 1 {
			t.Errorf("%s: %d", name, d.state.events[name])
		}
	}
	if len(d.state.events) != len(want) || slices.Contains(want, "xAPI ") {
		t.Error(d.state.events)
	}
	if pauses(d, "ada") != 1 {
		t.Error("a voiding took something back")
	}
}
