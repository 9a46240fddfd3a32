package panel

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

func newHandler() (*Handler, *state.State) {
	s := state.New(state.Options{Version: "1.2.3"})
	return New(Options{State: s, Config: func() config.Config {
		c := config.Default()
		c.Sync.Interval = config.Duration(42 * time.Second)
		return c
	}}), s
}

func ask(t *testing.T, h http.Handler, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, http.NoBody)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerKeepsOtherPagesOut(t *testing.T) {
	h, _ := newHandler()
	for _, path := range []string{"/ui", "/ui/", "/ui/data", "/ui/panel.js", "/ui/panel.css", "/ui/icon.svg", "/ui/none"} {
		header := ask(t, h, http.MethodGet, path, nil).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
				"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s of %s is %q", name, path, got)
			}
		}
	}
}

func TestPathsAndMethods(t *testing.T) {
	h, _ := newHandler()
	for _, c := range []struct {
		method, path    string
		status          int
		media, caching  string
		location, allow string
	}{
		{"GET", "/ui", 308, "text/html; charset=utf-8", "no-store", "/ui/", ""},
		{"GET", "/ui/", 200, "text/html; charset=utf-8", "no-cache", "", ""},
		{"HEAD", "/ui/", 200, "text/html; charset=utf-8", "no-cache", "", ""},
		{"GET", "/ui/panel.css", 200, "text/css; charset=utf-8", "no-cache", "", ""},
		{"GET", "/ui/panel.js", 200, "text/javascript; charset=utf-8", "no-cache", "", ""},
		{"GET", "/ui/icon.svg", 200, "image/svg+xml", "no-cache", "", ""},
		{"GET", "/ui/data", 200, "application/json", "no-store", "", ""},
		{"HEAD", "/ui/data", 200, "application/json", "no-store", "", ""},
		{"POST", "/ui/", 405, "application/problem+json", "no-store", "", "GET, HEAD"},
		{"DELETE", "/ui/data", 405, "application/problem+json", "no-store", "", "GET, HEAD"},
		{"POST", "/ui", 405, "application/problem+json", "no-store", "", "GET, HEAD"},
		{"GET", "/ui/index.html", 404, "application/problem+json", "no-store", "", ""},
		{"GET", "/ui/static/panel.js", 404, "application/problem+json", "no-store", "", ""},
		{"GET", "/ui/../ui/data", 404, "application/problem+json", "no-store", "", ""},
		{"GET", "/uid", 404, "application/problem+json", "no-store", "", ""},
		{"GET", "/data", 404, "application/problem+json", "no-store", "", ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			r := ask(t, h, c.method, c.path, nil)
			got := []any{
				r.Code, r.Header().Get("Content-Type"), r.Header().Get("Cache-Control"),
				r.Header().Get("Location"), r.Header().Get("Allow"),
			}
			if diff := cmp.Diff([]any{c.status, c.media, c.caching, c.location, c.allow}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if body := r.Body.String(); c.status >= 400 {
				var problem struct {
					Type, Title, Detail string
					Status              int
				}
				err := json.Unmarshal([]byte(body), &problem)
				if err != nil || problem.Status != c.status || problem.Title == "" || problem.Detail == "" ||
					!strings.HasPrefix(problem.Type, "urn:progress-sync:problem:") {
					t.Errorf("%v %s", err, body)
				}
			}
		})
	}
}

func TestAFileThatTheBrowserHasIsNotSentAgain(t *testing.T) {
	h, _ := newHandler()
	tag := ask(t, h, http.MethodGet, "/ui/panel.js", nil).Header().Get("ETag")
	again := ask(t, h, http.MethodGet, "/ui/panel.js", http.Header{"If-None-Match": {tag}})
	if body := again.Body.String(); tag == "" || again.Code != http.StatusNotModified || body != "" {
		t.Errorf("%q: %d with %d bytes", tag, again.Code, len(body))
	}
}

func TestTheDataIsWhatTheSidecarKnows(t *testing.T) {
	h, s := newHandler()
	s.Accepted(36, 35)
	batch := progress.Batch{Lane: 1, Number: 7, Records: []progress.Record{{
		Key: progress.Key{UserID: "ada-lovelace", CourseID: "secret-course", LessonID: "secret-lesson"}, UpdateCount: 36,
	}}}
	s.BatchSaved(batch, 1, time.UnixMicro(2_000_000)) // it was accepted at the epoch
	s.BatchQuarantined(batch, postgres.Failure{SQLState: "23514", Constraint: "plausible"})
	body := ask(t, h, http.MethodGet, "/ui/data", nil).Body.String()
	var data struct {
		Now    time.Time
		Status struct {
			Version  string
			Classes  []struct{ SaveLag struct{ Counts []int64 } }
			Counters struct{ UpdatesAccepted, RowsWritten int }
		}
		Sync    struct{ Status string }
		SaveLag struct {
			Records                   int
			MedianSeconds, P95Seconds float64
		}
		LagBounds []float64
		History   []struct {
			At                           time.Time
			UpdatesAccepted, RowsWritten int
		}
		Batches []struct {
			Outcome, SQLState string
			Updates           int
		}
		Config struct{ Sync struct{ Interval string } }
	}
	if err := json.Unmarshal([]byte(body), &data); err != nil {
		t.Fatal(err)
	}
	if data.Now.IsZero() || data.Status.Version != "1.2.3" || data.Status.Counters.UpdatesAccepted != 36 ||
		data.Status.Counters.RowsWritten != 1 || data.Sync.Status == "" || data.Config.Sync.Interval != "42s" {
		t.Errorf("%s", body)
	}
	if len(data.Batches) != 2 || data.Batches[0].Outcome != "quarantined" || data.Batches[0].SQLState != "23514" ||
		data.Batches[1].Outcome != "saved" || data.Batches[1].Updates != 36 {
		t.Errorf("%+v", data.Batches)
	}
	if data.SaveLag.Records != 1 || data.SaveLag.MedianSeconds != 2 || data.SaveLag.P95Seconds != 2 {
		t.Errorf("save lag %+v", data.SaveLag)
	}
	if c := data.Status.Classes; len(c) != 1 || len(c[0].SaveLag.Counts) != len(data.LagBounds)+1 {
		t.Errorf("lags %v by the bounds %v", c, data.LagBounds)
	}
	if len(data.History) != 1 || data.History[0].At.IsZero() || data.History[0].UpdatesAccepted != 0 {
		t.Errorf("history %+v", data.History)
	}
	for _, secret := range []string{"ada-lovelace", "secret-course", "secret-lesson"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in %s", secret, body)
		}
	}
}

// files are the page's files by their names in the folder.
func files(t *testing.T) map[string]string {
	t.Helper()
	entries, err := static.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		content, err := static.ReadFile("static/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(content)
	}
	return all
}

func TestThePageIsSmallAndItsOwn(t *testing.T) {
	size := 0
	for name, content := range files(t) {
		size += len(content)
		plain := strings.ReplaceAll(content, "http://www.w3.org/2000/svg", "") // a name, not an address
		for _, foreign := range []string{"http:", "https:", `"//`, "url(", "@import", "eval(", "innerHTML", "javascript:"} {
			if strings.Contains(plain, foreign) {
				t.Errorf("%s has %s in it", name, foreign)
			}
		}
	}
	if size > 64_000 {
		t.Errorf("the page has %d bytes", size)
	}
	if inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]`).FindString(files(t)["index.html"]); inline != "" {
		t.Errorf("the page has %q in it, which its policy forbids", inline)
	}
}

func TestWhatThePageRefersToExists(t *testing.T) {
	h, _ := newHandler()
	all := files(t)
	reference := regexp.MustCompile(`(?:src|href|from|call\("GET",) ?=?"(?:\./)?([^"#]+)"`)
	found := []string{}
	for _, content := range all {
		for _, match := range reference.FindAllStringSubmatch(content, -1) {
			found = append(found, match[1])
			if r := ask(t, h, http.MethodGet, path.Join("/ui", match[1]), nil); r.Code != http.StatusOK {
				t.Errorf("%s: %d", match[1], r.Code)
			}
		}
	}
	for _, name := range append(slices.Collect(maps.Keys(all)), "data") {
		if name != "index.html" && !slices.Contains(found, name) {
			t.Errorf("nothing refers to %s: %v", name, found)
		}
	}

	ids := map[string]bool{}
	for _, match := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(all["index.html"], -1) {
		if ids[match[1]] {
			t.Errorf("%s is the id of two elements", match[1])
		}
		ids[match[1]] = true
	}
	for name, content := range all {
		used := regexp.MustCompile(`\$\("([^"]+)"\)|aria-(?:labelledby|describedby)="([^"]+)"`)
		for _, match := range used.FindAllStringSubmatch(content, -1) {
			if id := match[1] + match[2]; !ids[id] {
				t.Errorf("%s refers to %s, which no element is", name, id)
			}
		}
	}
}
