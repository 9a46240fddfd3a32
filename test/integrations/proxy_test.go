//go:build integrations

package integrations

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEachExampleKeepsALearnerToTheirOwn(t *testing.T) {
	sidecar := startSidecar(t)
	for name, a := range apps {
		t.Run(name, func(t *testing.T) {
			w := tap(t, sidecar)
			address := startApp(t, a, w.URL)
			check(t, w, a.streams, func(t *testing.T, learner string) *browser {
				b := newBrowser(t, address)
				if learner != "" {
					b.token = b.do(t, "POST", "/login?learner="+url.QueryEscape(learner), "").body
				}
				return b
			})
		})
	}
	t.Run("Go", func(t *testing.T) {
		w := tap(t, sidecar)
		server := httptest.NewServer(sampleLMS(t, w.URL))
		t.Cleanup(server.Close)
		check(t, w, true, func(t *testing.T, learner string) *browser {
			b := newBrowser(t, server.URL)
			if learner != "" {
				b.do(t, "POST", "/login", url.Values{"learner": {learner}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
				b.token = regexp.MustCompile(`data-csrf-token="([^"]+)"`).FindStringSubmatch(b.do(t, "GET", "/lessons/lesson-1", "").body)[1]
			}
			return b
		})
	})
}

// check goes through what a proxy has to do; enter opens a browser, logged in if
// there is a learner.
func check(t *testing.T, w *wire, streams bool, enter func(t *testing.T, learner string) *browser) {
	t.Helper()
	const path = "/progress/v1/progress"
	update := func(user string) string {
		return fmt.Sprintf(`[{"userId":%q,"courseId":"c","lessonId":"l","currentTime":30,"duration":60}]`, user)
	}
	ada, stranger := enter(t, "ada"), enter(t, "")
	w.taken()
	right := []string{"X-CSRF-Token", ada.token, "Content-Type", "application/json"}

	t.Run("the session's learner is believed and no other", func(t *testing.T) {
		forged := append(slices.Clone(right), "X-Progress-User", "eve", "x-progress-user", "mallory")
		got := ada.do(t, "POST", path, update("ada"), forged...)
		if got.status != 200 || !strings.Contains(got.body, `"positionSeconds":30`) {
			t.Fatalf("%d %s", got.status, got.body)
		}
		sent := w.taken()
		if len(sent) != 1 || !slices.Equal(sent[0].header.Values("X-Progress-User"), []string{"ada"}) {
			t.Errorf("sent %+v", sent)
		}
		if sent[0].body != update("ada") || !regexp.MustCompile(`^127\.0\.0\.1(:\d+)?$`).MatchString(sent[0].host) || sent[0].header.Get("Cookie") != "" {
			t.Errorf("sent %+v", sent[0])
		}
		if got := ada.do(t, "POST", path, update("eve"), right...); got.status != 403 || !strings.Contains(got.body, "other-user") {
			t.Errorf("progress of another: %d %s", got.status, got.body)
		}
		if got := ada.do(t, "POST", path, `{"courseId":"c","lessonId":"l2","currentTime":1}`, right...); got.status != 200 || !strings.Contains(got.body, `"userId":"ada"`) {
			t.Errorf("progress of nobody: %d %s", got.status, got.body)
		}
	})
	t.Run("queries and other answers come through", func(t *testing.T) {
		if got := ada.do(t, "GET", path+"?courseId=c&lessonId=l", ""); got.status != 200 || !strings.Contains(got.body, `"stale":true`) || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("%d %v %s", got.status, got.header, got.body)
		}
		if got := ada.do(t, "POST", path, update("ada"), append(slices.Clone(right), "Prefer", "return=minimal")...); got.status != 204 {
			t.Errorf("a minimal answer: %d", got.status)
		}
		if got := ada.do(t, "POST", path+"/complete", `{"courseId":"c","lessonId":"l"}`, right...); got.status != 200 {
			t.Errorf("completion: %d %s", got.status, got.body)
		}
		if got := ada.do(t, "POST", path, `{"courseId":"c","lessonId":"l","currentTime":-5}`, right...); got.status != 422 || !strings.Contains(got.body, "currentTime") {
			t.Errorf("a wrong update: %d %s", got.status, got.body)
		}
		if got := ada.do(t, "DELETE", path+"?courseId=c&lessonId=l", "", right[:2]...); got.status != 200 {
			t.Errorf("reset: %d %s", got.status, got.body)
		}
		w.setAway(true)
		if got := ada.do(t, "POST", path, update("ada"), right...); got.status != 429 || got.header.Get("Retry-After") != "7" || !strings.Contains(got.body, "full") {
			t.Errorf("too many: %d %v %s", got.status, got.header, got.body)
		}
		w.setAway(false)
	})
	t.Run("a learner's name may have letters of any alphabet", func(t *testing.T) {
		zoe := enter(t, "Zoë Ω")
		w.taken()
		if got := zoe.do(t, "POST", path, update("Zoë Ω"), "X-CSRF-Token", zoe.token, "Content-Type", "application/json"); got.status != 200 {
			t.Errorf("%d %s, sent %+v", got.status, got.body, w.taken())
		}
	})
	t.Run("a learner sees their statistics, and no one else's", func(t *testing.T) {
		w.taken()
		got := ada.do(t, "GET", "/progress/v1/stats?courseId=c", "")
		sent := w.taken()
		if len(sent) != 1 || sent[0].uri != "/v1/stats?courseId=c" || sent[0].header.Get("X-Progress-User") != "ada" {
			t.Errorf("sent %+v", sent)
		}
		// There is no database here.
		if got.status != 503 || !strings.Contains(got.body, "no-statistics") {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := ada.do(t, "GET", "/progress/v1/stats?userId=bob", ""); got.status != 403 {
			t.Errorf("another's: %d %s", got.status, got.body)
		}
	})
	t.Run("a beacon has its token in the body", func(t *testing.T) {
		w.taken()
		for _, body := range []string{`[{"csrfToken":%q,"courseId":"c","lessonId":"b"},{"courseId":"c","lessonId":"b2"}]`, `{"csrfToken":%q,"courseId":"c","lessonId":"b"}`} {
			if got := ada.do(t, "POST", path, fmt.Sprintf(body, ada.token), "Content-Type", "text/plain;charset=UTF-8"); got.status != 200 {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		if sent := w.taken(); len(sent) != 2 || !strings.HasPrefix(sent[0].header.Get("Content-Type"), "text/plain") {
			t.Errorf("sent %+v", sent)
		}
	})
	t.Run("the rest gets nowhere", func(t *testing.T) {
		other := enter(t, "ada")
		w.taken()
		tests := map[string]struct {
			who          *browser
			method, path string
			body         string
			header       []string
			want         []int
		}{
			"a stranger reads":            {stranger, "GET", path, "", nil, []int{401}},
			"a stranger writes":           {stranger, "POST", path, update("ada"), right, []int{401, 403}},
			"no token":                    {ada, "POST", path, update("ada"), right[2:], []int{403}},
			"an empty token":              {ada, "POST", path, update("ada"), []string{"X-CSRF-Token", ""}, []int{403}},
			"another session's token":     {ada, "POST", path, update("ada"), []string{"X-CSRF-Token", other.token}, []int{403}},
			"a reset without a token":     {ada, "DELETE", path + "?courseId=c&lessonId=l", "", nil, []int{403}},
			"a beacon with a wrong one":   {ada, "POST", path, `[{"csrfToken":"x"}]`, []string{"Content-Type", "text/plain"}, []int{403}},
			"a beacon with a strange one": {ada, "POST", path, `{"csrfToken":{"a":1}}`, []string{"Content-Type", "text/plain"}, []int{403}},
			"a beacon that is no JSON":    {ada, "POST", path, `csrf`, []string{"Content-Type", "text/plain"}, []int{403}},
			"an empty list":               {ada, "POST", path, `[]`, []string{"Content-Type", "text/plain"}, []int{403}},
			"erasing":                     {ada, "DELETE", "/progress/v1/users/ada", "", right, []int{404}},
			"the panel":                   {ada, "GET", "/progress/ui/", "", nil, []int{404}},
			"all learners of a course":    {ada, "GET", "/progress/v1/stats/courses/c", "", nil, []int{404}},
			"dead letters":                {ada, "GET", "/progress/v1/dead-letters", "", nil, []int{404}},
			"a detour":                    {ada, "GET", "/progress/v1/sync/..%2fdead-letters", "", nil, []int{400, 404}},
			"a detour with dots escaped":  {ada, "GET", "/progress/v1/sync/%2e%2e/dead-letters", "", nil, []int{307, 400, 404}},
			"an address in the path":      {ada, "GET", "/progress/@elsewhere.example/v1/sync", "", nil, []int{404}},
			"a body that is too long":     {ada, "POST", path, `[{"userId":"` + strings.Repeat("x", 300<<10) + `"}]`, right, []int{400, 413}},
		}
		for name, tt := range tests {
			if got := tt.who.do(t, tt.method, tt.path, tt.body, tt.header...); !slices.Contains(tt.want, got.status) {
				t.Errorf("%s: %d %.200s, want %v", name, got.status, got.body, tt.want)
			}
			for _, sent := range w.taken() {
				// A body that is passed on as it comes is cut off on the way, and noted late.
				if !strings.Contains(sent.body, "xxx") || len(sent.body) > 256<<10 {
					t.Errorf("%s: the sidecar was asked %s %s", name, sent.method, sent.uri)
				}
			}
		}
	})
	t.Run("events", func(t *testing.T) {
		if !streams {
			if got := ada.do(t, "GET", "/progress/v1/sync/events", ""); got.status != 404 {
				t.Errorf("%d", got.status)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, ada.url+"/progress/v1/sync/events?userId=ada", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := ada.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
			t.Fatalf("%s %s", resp.Status, got)
		}
		events := bufio.NewScanner(resp.Body)
		before := pending(t, events)
		if got := ada.do(t, "POST", path, `{"courseId":"c","lessonId":"events"}`, right...); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		// A proxy that holds events back would hold this one back for good.
		for pending(t, events) != before+1 {
		}
	})
	t.Run("a sidecar that is away is to be tried again", func(t *testing.T) {
		w.CloseClientConnections()
		w.Close()
		if got := ada.do(t, "POST", path, update("ada"), right...); got.status != 503 || got.header.Get("Retry-After") == "" {
			t.Errorf("%d %v %s", got.status, got.header, got.body)
		}
	})
}

// pending is what the next event says.
func pending(t *testing.T, events *bufio.Scanner) int {
	t.Helper()
	for events.Scan() {
		data, found := strings.CutPrefix(events.Text(), "data: ")
		if !found {
			continue
		}
		var state struct {
			PendingUpdates int `json:"pendingUpdates"`
		}
		if err := json.Unmarshal([]byte(data), &state); err != nil {
			t.Fatal(err)
		}
		return state.PendingUpdates
	}
	t.Fatalf("the stream ended: %v", events.Err())
	return 0
}

type browser struct {
	url, token string
	client     *http.Client
}

func newBrowser(t *testing.T, address string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Jar: jar, Transport: &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	return &browser{url: address, client: client}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header[http.CanonicalHeaderKey(header[i])] = append(req.Header[http.CanonicalHeaderKey(header[i])], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}
