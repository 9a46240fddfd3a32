package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/lms/web/trouble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeSidecar answers like one that has this learner at 51.9 %, and keeps what
// it was asked.
type fakeSidecar struct {
	*httptest.Server
	asked chan asked
	// send is what its stream of events waits for.
	send chan string
}

type asked struct {
	method, host, uri, body string
	header                  http.Header
}

func askedOf(r *http.Request, body []byte) asked {
	return asked{method: r.Method, host: r.Host, uri: r.RequestURI, body: string(body), header: r.Header}
}

func startSidecar(t *testing.T) *fakeSidecar {
	t.Helper()
	s := &fakeSidecar{asked: make(chan asked, 10), send: make(chan string)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.asked <- askedOf(r, body)
		if strings.HasPrefix(r.URL.Path, "/v1/sync/events") {
			w.Header().Set("Content-Type", "text/event-stream")
			for {
				select {
				case event := <-s.send:
					_, _ = fmt.Fprintf(w, "event: state\ndata: %s\n\n", event)
					_ = http.NewResponseController(w).Flush()
				case <-r.Context().Done():
					return
				}
			}
		}
		_, _ = io.WriteString(w, `{"progress":[{"lessonId":"lesson-1","percentage":51.9},{"lessonId":"lesson-2","percentage":97,"completed":true},{"lessonId":"gone"}]}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// testFilm is no film, but each part of it is unlike the others.
func testFilm() []byte {
	content := make([]byte, 5000)
	for i := range content {
		content[i] = byte(i / 20)
	}
	return content
}

// browser keeps cookies and follows no redirect.
type browser struct {
	t      *testing.T
	url    string
	client *http.Client
}

func open(t *testing.T, sidecar string) *browser {
	t.Helper()
	return openTry(t, sidecar, nil)
}

// openTry is an LMS as in `make try`, if there is a desk.
func openTry(t *testing.T, sidecar string, desk *trouble.Desk) *browser {
	t.Helper()
	address, err := url.Parse(sidecar)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	handler, err := New(Options{
		Sidecar: address, Transport: transport, SessionKey: []byte("a key of the test"),
		Assets:  fstest.MapFS{"react.js": {Data: []byte("//")}, "element.js": {Data: []byte("//")}, filmName: {Data: testFilm()}},
		Trouble: desk,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return &browser{t: t, url: server.URL, client: client}
}

type answer struct {
	Status     string
	StatusCode int
	Header     http.Header
}

func (b *browser) do(method, path, body string, header ...string) (answer, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.Status, resp.StatusCode, resp.Header}, string(text)
}

func (b *browser) login(learner string) answer {
	b.t.Helper()
	resp, _ := b.do("POST", "/login", url.Values{"learner": {learner}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	return resp
}

func (b *browser) token() string {
	b.t.Helper()
	_, page := b.do("GET", "/lessons/lesson-3", "")
	found := regexp.MustCompile(`data-csrf-token="([^"]+)"`).FindStringSubmatch(page)
	if found == nil {
		b.t.Fatalf("no token in %s", page)
	}
	return found[1]
}

func TestTheSidecarHearsOfTheSessionsLearnerOnly(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	b.login("ada")
	const body = `[{"userId":"ada","lessonId":"lesson-1"}]`
	resp, _ := b.do("POST", "/progress/v1/progress?userId=ada&x=1", body, "X-CSRF-Token", b.token(),
		"X-Progress-User", "eve", "x-progress-user", "mallory", "Content-Type", "application/json", "Origin", b.url)
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	got := <-sidecar.asked
	if who := got.header.Values("X-Progress-User"); len(who) != 1 || who[0] != "ada" {
		t.Errorf("X-Progress-User is %q", who)
	}
	if got.host != "127.0.0.1" || got.uri != "/v1/progress?userId=ada&x=1" || got.body != body || got.method != "POST" {
		t.Errorf("the sidecar got %+v", got)
	}
	for _, own := range []string{"Cookie", "Origin", "X-Csrf-Token", "X-Forwarded-For"} {
		if got.header.Get(own) != "" {
			t.Errorf("the sidecar got %s", own)
		}
	}
}

func TestWhatIsNotForLearnersOrNotTheirsIsRefused(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	b.login("ada")
	mine := b.token()
	other := open(t, sidecar.URL)
	other.login("ada")
	tests := map[string]struct {
		method, path, body string
		header             []string
		want               int
	}{
		"another session's token":     {"POST", "/progress/v1/progress", "[]", []string{"X-CSRF-Token", other.token()}, 403},
		"no token":                    {"DELETE", "/progress/v1/progress?lessonId=x", "", nil, 403},
		"a beacon without a token":    {"POST", "/progress/v1/progress", `[{}]`, []string{"Content-Type", "text/plain"}, 403},
		"an empty beacon":             {"POST", "/progress/v1/progress", `[]`, []string{"Content-Type", "text/plain"}, 403},
		"a body that is too long":     {"POST", "/progress/v1/progress", `[{"csrfToken":"` + mine + `","lessonId":"` + strings.Repeat("x", maxBody) + `"}]`, nil, 403},
		"a long body with the token":  {"POST", "/progress/v1/progress", strings.Repeat("x", 2*maxBody), []string{"X-CSRF-Token", mine}, 413},
		"erasing a learner":           {"DELETE", "/progress/v1/users/ada", "", []string{"X-CSRF-Token", mine}, 404},
		"the panel":                   {"GET", "/progress/ui/", "", nil, 404},
		"dead letters":                {"GET", "/progress/v1/dead-letters", "", nil, 404},
		"a detour":                    {"GET", "/progress/v1/sync/%2e%2e/dead-letters", "", nil, 404},
		"a path that is nearly right": {"GET", "/progress/v1/progress/", "", nil, 404},
		"another site's page":         {"POST", "/progress/v1/progress", "[]", []string{"X-CSRF-Token", mine, "Sec-Fetch-Site", "cross-site"}, 403},
		"another site's form, login":  {"POST", "/login", "learner=eve", []string{"Origin", "http://elsewhere.example"}, 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, _ := b.do(tt.method, tt.path, tt.body, tt.header...)
			if resp.StatusCode != tt.want {
				t.Errorf("%s, want %d", resp.Status, tt.want)
			}
		})
	}
	stranger := open(t, sidecar.URL)
	if resp, _ := stranger.do("GET", "/progress/v1/progress", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger gets %s", resp.Status)
	}
	stranger.client.Jar.SetCookies(mustParse(t, stranger.url), []*http.Cookie{{Name: cookieName, Value: "eyJsZWFybmVyIjoiYWRhIn0.forged"}})
	if resp, _ := stranger.do("GET", "/progress/v1/progress", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a forged session gets %s", resp.Status)
	}
	// A body that is cut off may still be on its way.
	sidecar.Close()
	close(sidecar.asked)
	for got := range sidecar.asked {
		// A long body is cut off on its way.
		if len(got.body) == 0 || len(got.body) > maxBody {
			t.Errorf("the sidecar was asked %+v", got)
		}
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestABeaconHasItsTokenInTheBody(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	b.login("ada")
	token := b.token()
	for _, body := range []string{`[{"lessonId":"a","csrfToken":%q},{"lessonId":"b"}]`, `{"lessonId":"a","csrfToken":%q}`} {
		body = fmt.Sprintf(body, token)
		if resp, _ := b.do("POST", "/progress/v1/progress", body, "Content-Type", "text/plain;charset=UTF-8"); resp.StatusCode != http.StatusOK {
			t.Errorf("%s for %s", resp.Status, body)
			continue
		}
		if got := <-sidecar.asked; got.body != body || got.header.Get("Content-Type") != "text/plain;charset=UTF-8" {
			t.Errorf("the sidecar got %+v", got)
		}
	}
}

func TestEventsArriveOneByOne(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	b.login("ada")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/progress/v1/sync/events?userId=ada", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	// A first event lets the headers through.
	go func() { sidecar.send <- "0" }()
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 3 {
		for lines.Scan() && lines.Text() != fmt.Sprintf("data: %d", i) {
			if lines.Text() != "event: state" && lines.Text() != "" {
				t.Fatalf("line %q", lines.Text())
			}
		}
		sidecar.send <- fmt.Sprint(i + 1) // not before the one before it was read here
	}
	stop()
}

func TestASidecarThatIsAwayIsToBeTriedAgain(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	b.login("ada")
	sidecar.Close()
	resp, text := b.do("GET", "/progress/v1/progress", "")
	var problem struct{ Detail string }
	if err := json.Unmarshal([]byte(text), &problem); err != nil || problem.Detail == "" || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "5" {
		t.Errorf("%s %v %s", resp.Status, resp.Header, text)
	}
	if resp, text := b.do("GET", "/course", ""); resp.StatusCode != http.StatusOK || !strings.Contains(text, html.EscapeString(unknownCourse)) {
		t.Errorf("the course says %s %s", resp.Status, text)
	}
}

func TestPagesShowTheLearnersProgress(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	if resp, _ := b.do("GET", "/course", ""); resp.Header.Get("Location") != "/login" {
		t.Errorf("a stranger gets %s, %v", resp.Status, resp.Header)
	}
	if resp := b.login("  "); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a learner without a name gets %s", resp.Status)
	}
	if resp := b.login(" Zoë <b> "); resp.Header.Get("Location") != "/course" {
		t.Fatalf("login: %s", resp.Status)
	}
	resp, page := b.do("GET", "/course", "")
	if got := <-sidecar.asked; got.uri != "/v1/progress?courseId=film-course&userId=Zo%C3%AB+%3Cb%3E" || got.header.Get("X-Progress-User") != "Zoë <b>" {
		t.Errorf("the sidecar got %+v", got)
	}
	for _, want := range []string{`value="51.9"`, "51 %", "✓ Completed", "Not started yet", "1 of 3 lessons completed", "Zoë &lt;b&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the course page lacks %q: %s", want, page)
		}
	}
	policy := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	for path, want := range map[string]int{
		"/lessons/lesson-1": 200, "/lessons/lesson-3/element": 200, "/lessons/lesson-9": 404, "/assets/react.js": 200,
		"/style.css": 200, "/icon.svg": 200, "/healthz": 200, "/nothing": 404, "/try": 404,
	} {
		if resp, _ := b.do("GET", path, ""); resp.StatusCode != want {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestTheFilmIsServedInParts(t *testing.T) {
	b := open(t, startSidecar(t).URL)
	resp, whole := b.do("GET", "/film.webm", "")
	if resp.Header.Get("Content-Type") != "video/webm" || whole != string(testFilm()) {
		t.Errorf("%v, %d bytes", resp.Header, len(whole))
	}
	resp, part := b.do("GET", "/film.webm", "", "Range", "bytes=1000-1099")
	if resp.StatusCode != http.StatusPartialContent || part != whole[1000:1100] {
		t.Errorf("%s, %d bytes", resp.Status, len(part))
	}
}

func TestUnbuiltAssetsAreSaidAtTheStart(t *testing.T) {
	for _, assets := range []fstest.MapFS{{}, {"element.js": {}}} {
		_, err := New(Options{Sidecar: mustParse(t, "http://127.0.0.1:8787"), Assets: assets})
		if err == nil || !strings.Contains(err.Error(), "go run ./test/lms/web/bundle/build") {
			t.Errorf("got %v", err)
		}
	}
}
