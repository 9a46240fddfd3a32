package ingest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// newSessionDesk is a desk whose policy has a user header.
func newSessionDesk() *desk {
	d := newDesk()
	c := config.Default()
	c.Ingest.UserHeader = "x-PROGRESS-user"
	d.SetLimits(LimitsOf(c))
	return d
}

// from sets the header as a proxy does.
func from(r *http.Request, users ...string) *http.Request {
	for _, u := range users {
		r.Header.Add("X-Progress-User", u)
	}
	return r
}

func lessonOf(user string) progress.Key {
	return progress.Key{UserID: user, CourseID: "c", LessonID: "l"}
}

func TestProgressIsTakenOnlyOfTheLearnerInTheUserHeader(t *testing.T) {
	const anonymous = `{"courseId":"c","lessonId":"l","currentTime":5}`
	long := strings.Repeat("ü", 255)
	for name, c := range map[string]struct {
		users    []string
		path     string
		content  string
		body     string
		code     int
		kind     string
		rejected map[string]int
		held     []string // learners
	}{
		"without userId it is the learner's": {users: []string{"ada"}, body: anonymous, code: 200, held: []string{"ada"}},
		"null is as good as left out": {users: []string{"ada"}, body: `{"userId":null,"courseId":"c","lessonId":"l"}`,
			code: 200, held: []string{"ada"}},
		"the learner may be named":           {users: []string{"ada"}, body: item("ada"), code: 200, held: []string{"ada"}},
		"the name may have escapes":          {users: []string{"ada"}, body: `{"userId":"\u0061da","courseId":"c","lessonId":"l"}`, code: 200, held: []string{"ada"}},
		"UTF-8 is taken as it is":            {users: []string{"søren 李"}, body: item("søren 李"), code: 200, held: []string{"søren 李"}},
		"percent signs stand for themselves": {users: []string{"a%64a"}, body: anonymous, code: 200, held: []string{"a%64a"}},
		"255 characters are allowed":         {users: []string{long}, body: anonymous, code: 200, held: []string{long}},
		"an array of one learner":            {users: []string{"ada"}, body: `[` + anonymous + `,` + item("ada") + `]`, code: 200, held: []string{"ada"}},
		"a completion without userId":        {users: []string{"ada"}, path: "/v1/progress/complete", body: `{"courseId":"c","lessonIds":["l"]}`, code: 200, held: []string{"ada"}},

		"no header": {body: item("ada"), code: 401, kind: "user-header", rejected: map[string]int{"user_header": 1}},
		"an empty header": {users: []string{""}, body: item("ada"), code: 401, kind: "user-header",
			rejected: map[string]int{"user_header": 1}},
		"two headers": {users: []string{"ada", "ada"}, body: item("ada"), code: 400, kind: "user-header",
			rejected: map[string]int{"user_header": 1}},
		"a header of 256 characters": {users: []string{long + "x"}, body: anonymous, code: 400, kind: "user-header",
			rejected: map[string]int{"user_header": 1}},
		"a header that is not UTF-8": {users: []string{"s\xf8ren"}, body: anonymous, code: 400, kind: "user-header",
			rejected: map[string]int{"user_header": 1}},
		"a control character in UTF-8": {users: []string{"a\u0085b"}, body: anonymous, code: 400, kind: "user-header",
			rejected: map[string]int{"user_header": 1}},
		"no header of a completion": {path: "/v1/progress/complete", body: item("ada"), code: 401, kind: "user-header",
			rejected: map[string]int{"user_header": 1}},

		"another learner": {users: []string{"ada"}, body: item("bob"), code: 403, kind: "other-user",
			rejected: map[string]int{"other_user": 1}},
		"another learner, since ids have capitals": {users: []string{"ada"}, body: item("Ada"), code: 403, kind: "other-user",
			rejected: map[string]int{"other_user": 1}},
		"another learner behind escapes": {users: []string{"ada"}, body: `{"userId":"\u0062ob","courseId":"c","lessonId":"l"}`, code: 403,
			kind: "other-user", rejected: map[string]int{"other_user": 1}},
		"another learner behind an escaped name": {users: []string{"ada"}, body: `{"user\u0049d":"bob","courseId":"c","lessonId":"l"}`, code: 403,
			kind: "other-user", rejected: map[string]int{"other_user": 1}},
		"another learner in the last item": {users: []string{"ada"}, body: `[` + anonymous + `,` + item("ada") + `,` + item("bob") + `]`,
			code: 403, kind: "other-user", rejected: map[string]int{"other_user": 3}},
		"another learner in an item with a mistake": {users: []string{"ada"}, body: `[` + anonymous + `,` + item("bob", `,"currentTime":-5`) + `]`,
			code: 403, kind: "other-user", rejected: map[string]int{"other_user": 2}},
		"another learner in a line": {users: []string{"ada"}, content: "application/x-ndjson", body: anonymous + "\n" + item("bob") + "\n",
			code: 403, kind: "other-user", rejected: map[string]int{"other_user": 2}},
		"another learner in a beacon": {users: []string{"ada"}, content: "text/plain;charset=UTF-8", body: item("bob"),
			code: 403, kind: "other-user", rejected: map[string]int{"other_user": 1}},
		"another learner's completion": {users: []string{"ada"}, path: "/v1/progress/complete",
			body: `[{"courseId":"c","lessonId":"l"},{"userId":"bob","courseId":"c","lessonIds":["l","m"]}]`,
			code: 403, kind: "other-user", rejected: map[string]int{"other_user": 2}},
		"an empty userId is a mistake, not the learner": {users: []string{"ada"}, body: item(""), code: 422, kind: "invalid",
			rejected: map[string]int{"invalid": 1}},
		"a number is a mistake, not the learner": {users: []string{"ada"}, body: `{"userId":7,"courseId":"c","lessonId":"l"}`, code: 422,
			kind: "invalid", rejected: map[string]int{"invalid": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSessionDesk()
			path := c.path
			if path == "" {
				path = "/v1/progress"
			}
			r := from(httptest.NewRequest(http.MethodPost, path, strings.NewReader(c.body)), c.users...)
			if c.content != "" {
				r.Header.Set("Content-Type", c.content)
			}
			want := map[string]any{}
			if c.kind != "" {
				want["type"] = problemType + c.kind
			}
			a := d.ask(t, r)
			expect(t, a, c.code, want)
			for _, id := range []string{"ada", "bob"} {
				if c.code >= 400 && strings.Contains(a.text, id) {
					t.Errorf("the problem repeats a learner's id: %s", a.text)
				}
			}
			var held []string
			for _, h := range d.buffer.Unsaved(buffer.Filter{}) {
				held = append(held, h.Record.UserID)
			}
			if diff := cmp.Diff(c.held, held); diff != "" {
				t.Errorf("learners with progress (-want +got):\n%s", diff)
			}
			if c.rejected == nil {
				c.rejected = map[string]int{}
			}
			if diff := cmp.Diff(c.rejected, d.state.rejected); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadsAndResetsAreOfTheLearnerInTheUserHeader(t *testing.T) {
	const lesson = "courseId=c&lessonId=l"
	for name, c := range map[string]struct {
		users   []string
		method  string
		target  string
		code    int
		kind    string
		learner string // whose progress is in the answer
	}{
		"a read without userId":        {[]string{"ada"}, "GET", "/v1/progress", 200, "", "ada"},
		"a read that names them":       {[]string{"ada"}, "GET", "/v1/progress?userId=ada", 200, "", "ada"},
		"a read of an id in UTF-8":     {[]string{"søren"}, "GET", "/v1/progress?userId=" + url.QueryEscape("søren"), 200, "", "søren"},
		"a read of another":            {[]string{"ada"}, "GET", "/v1/progress?userId=bob", 403, "other-user", ""},
		"a read without the header":    {nil, "GET", "/v1/progress?userId=ada", 401, "user-header", ""},
		"a read with an empty userId":  {[]string{"ada"}, "GET", "/v1/progress?userId=", 400, "query", ""},
		"a read with two headers":      {[]string{"ada", "bob"}, "GET", "/v1/progress", 400, "user-header", ""},
		"a reset without userId":       {[]string{"ada"}, "DELETE", "/v1/progress?" + lesson, 200, "", "ada"},
		"a reset of another":           {[]string{"ada"}, "DELETE", "/v1/progress?userId=bob&" + lesson, 403, "other-user", ""},
		"a reset without the header":   {nil, "DELETE", "/v1/progress?userId=ada&" + lesson, 401, "user-header", ""},
		"a reset that names no lesson": {[]string{"ada"}, "DELETE", "/v1/progress?courseId=c", 400, "query", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSessionDesk()
			for _, learner := range []string{"ada", "bob", "søren"} {
				expect(t, d.ask(t, from(post(item(learner, `,"currentTime":5`)), learner)), http.StatusOK, nil)
			}
			d.state.rejected = map[string]int{}
			want := map[string]any{}
			switch {
			case c.kind != "":
				want["type"] = problemType + c.kind
			case c.method == http.MethodGet:
				want["progress.0.userId"] = c.learner
			default:
				want["progress.userId"], want["progress.positionSeconds"] = c.learner, 0.
			}
			a := d.ask(t, from(httptest.NewRequest(c.method, c.target, nil), c.users...))
			expect(t, a, c.code, want)
			if c.method == http.MethodGet && c.code == http.StatusOK && len(a.body["progress"].([]any)) != 1 {
				t.Errorf("more than one learner's: %s", a.text)
			}
			for _, learner := range []string{"ada", "bob", "søren"} {
				kept := d.buffer.Unsaved(buffer.Filter{UserID: learner})[0].Record.Position == 5
				if reset := c.method == http.MethodDelete && c.learner == learner; kept == reset {
					t.Errorf("%s: kept is %v", learner, kept)
				}
			}
			if refused := c.method == http.MethodDelete && c.code != http.StatusOK; refused != (len(d.state.rejected) == 1) {
				t.Errorf("counted %v", d.state.rejected)
			}
		})
	}
}

func TestTheSyncStateIsOfTheLearnerInTheUserHeaderOrOfAll(t *testing.T) {
	for name, c := range map[string]struct {
		users   []string
		query   string
		code    int
		pending float64
		asked   buffer.Filter
	}{
		"with the header, theirs":               {[]string{"ada"}, "", 200, 1, buffer.Filter{UserID: "ada"}},
		"with the header and their id":          {[]string{"ada"}, "?userId=ada", 200, 1, buffer.Filter{UserID: "ada"}},
		"with the header and a course":          {[]string{"ada"}, "?courseId=x", 200, 0, buffer.Filter{UserID: "ada", CourseID: "x"}},
		"without the header, the whole sidecar": {nil, "", 200, 7, buffer.Filter{}},
		"without the header, of anyone":         {nil, "?userId=bob", 200, 1, buffer.Filter{UserID: "bob"}},
		"another's is refused":                  {[]string{"ada"}, "?userId=bob", 403, 0, buffer.Filter{}},
		"an empty header is no header":          {[]string{""}, "", 401, 0, buffer.Filter{}},
		"two headers are refused":               {[]string{"ada", "ada"}, "", 400, 0, buffer.Filter{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSessionDesk()
			for _, learner := range []string{"ada", "bob"} {
				expect(t, d.ask(t, from(post(item(learner)), learner)), http.StatusOK, nil)
			}
			d.state.sync = state.SyncState{Status: status.StatePending, PendingUpdates: 7}
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				want := map[string]any{}
				if c.code == http.StatusOK {
					want["pendingUpdates"] = c.pending
				}
				expect(t, d.ask(t, from(httptest.NewRequest(method, "/v1/sync"+c.query, nil), c.users...)), c.code, want)
			}
			if d.syncer.filter != c.asked {
				t.Errorf("synced %+v, want %+v", d.syncer.filter, c.asked)
			}
		})
	}
}

func TestAnswersTellALearnerOfTheirOwnPart(t *testing.T) {
	d := newSessionDesk()
	d.state.sync = state.SyncState{Status: status.StatePending, PendingUpdates: 99}
	expect(t, d.ask(t, from(post(item("bob")), "bob")), http.StatusOK, nil)
	for name, c := range map[string]struct {
		r    *http.Request
		code int
	}{
		"a write":          {post(item("ada")), 200},
		"a write of parts": {post(`[` + item("ada") + `,7]`), 207},
		"a read":           {httptest.NewRequest(http.MethodGet, "/v1/progress", nil), 200},
		"a reset":          {httptest.NewRequest(http.MethodDelete, "/v1/progress?courseId=c&lessonId=l", nil), 200},
	} {
		a := d.ask(t, from(c.r, "ada"))
		expect(t, a, c.code, nil)
		held := 0.
		for _, h := range d.buffer.Unsaved(buffer.Filter{UserID: "ada"}) {
			held += float64(h.PendingUpdates)
		}
		if got := a.get(t, "sync", "pendingUpdates"); got != held {
			t.Errorf("%s: %v pending, want %v", name, got, held)
		}
	}
	a := newDesk()
	a.state.sync.PendingUpdates = 99
	expect(t, a.ask(t, post(item("ada"))), http.StatusOK, map[string]any{"sync.pendingUpdates": 99.})
}

func TestARequestWithTheUserHeaderGetsNothingThatIsNotForLearners(t *testing.T) {
	panel := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, target := range []string{
		"GET /v1/dead-letters", "GET /v1/dead-letters/1", "POST /v1/dead-letters/replay", "DELETE /v1/dead-letters/1",
		"DELETE /v1/users/ada", "DELETE /v1/users/bob", "GET /ui/", "GET /ui/data", "GET /openapi.json", "GET /elsewhere",
		"GET /v1/progress/", "GET /v1//dead-letters",
	} {
		t.Run(target, func(t *testing.T) {
			d := newSessionDesk()
			d.panel, d.openAPI = panel, []byte(`{}`)
			d.mux = d.routes()
			eraser := &fakeEraser{}
			d.eraser = eraser
			method, path, _ := strings.Cut(target, " ")
			for _, user := range []string{"ada", ""} {
				a := d.ask(t, from(httptest.NewRequest(method, path, nil), user))
				expect(t, a, http.StatusForbidden, map[string]any{"type": problemType + "not-for-learners"})
			}
			if len(eraser.asked) > 0 {
				t.Errorf("erased %q", eraser.asked)
			}
		})
	}
	t.Run("the LMS itself gets it", func(t *testing.T) {
		d := newSessionDesk()
		d.panel, d.openAPI = panel, []byte(`{}`)
		d.mux = d.routes()
		for target, code := range map[string]int{"/v1/dead-letters": 200, "/ui/": 204, "/openapi.json": 200, "/elsewhere": 404} {
			if a := d.ask(t, httptest.NewRequest(http.MethodGet, target, nil)); a.code != code {
				t.Errorf("%s: %d, want %d: %s", target, a.code, code, a.text)
			}
		}
	})
}

func TestTheUserHeaderIsAHeaderLikeOthersWithoutThePolicy(t *testing.T) {
	d := newDesk()
	expect(t, d.ask(t, from(post(item("bob")), "ada")), http.StatusOK, map[string]any{"progress.userId": "bob"})
	expect(t, d.ask(t, from(post(`{"courseId":"c","lessonId":"l"}`), "ada")), http.StatusUnprocessableEntity, map[string]any{"field": "userId"})
	expect(t, d.ask(t, from(httptest.NewRequest(http.MethodGet, "/v1/dead-letters", nil), "ada")), http.StatusOK, nil)
}

func TestAChangedUserHeaderHoldsFromTheNextRequestOn(t *testing.T) {
	d := newDesk()
	expect(t, d.ask(t, post(item("ada"))), http.StatusOK, nil)
	c := config.Default()
	c.Ingest.UserHeader = "Remote-User"
	d.SetLimits(LimitsOf(c))
	expect(t, d.ask(t, post(item("ada"))), http.StatusUnauthorized, nil)
	r := post(item("ada"))
	r.Header.Set("Remote-User", "ada")
	expect(t, d.ask(t, r), http.StatusOK, nil)
}

// TestTheUserHeaderComesThroughARealServer sends what a proxy's bytes are.
func TestTheUserHeaderComesThroughARealServer(t *testing.T) {
	d := newSessionDesk()
	server := httptest.NewServer(d.Handler)
	defer server.Close()
	for _, name := range []string{"X-Progress-User", "x-progress-user", "X-PROGRESS-USER"} {
		request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/progress", strings.NewReader(`{"courseId":"c","lessonId":"l"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header[name] = []string{" søren 李 "}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	if held := d.buffer.Unsaved(buffer.Filter{}); len(held) != 1 || held[0].Record.Key != lessonOf("søren 李") || held[0].Record.UpdateCount != 3 {
		t.Errorf("held %+v", held)
	}
}
