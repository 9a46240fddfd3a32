package run

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

const (
	// ofPolicy lets requests speak only for the learner in the header, writes to
	// the LMS's own table, and makes no tables.
	ofPolicy = `{"policy":{"namespace":"campus","name":"lms","generation":2,"createdAt":"2026-01-01T10:00:00Z"},
		"ingest":{"userHeader":"X-Progress-User"},
		"database":{"migrations":"Manual","mapping":{"table":"user_progress",
			"keyColumns":{"userId":"user_id","courseId":"course_id","lessonId":"lesson_id"},"columns":{"positionSeconds":"position"}}}}`
	// before is the policy before it had the header.
	before = `{"policy":{"namespace":"campus","name":"lms","generation":1,"createdAt":"2026-01-01T10:00:00Z"}}`
)

// pod is a sidecar whose parts do not run by themselves: it reads its
// configuration when it is told.
type pod struct {
	*sidecar
	t   *testing.T
	o   Options
	log *safeBuffer
}

// newPod has no file yet.
func newPod(t *testing.T, injected string) *pod {
	t.Helper()
	dir := t.TempDir()
	p := &pod{t: t, o: Options{
		Version: "test", ConfigFile: filepath.Join(dir, "config", "config.json"), InjectedConfig: injected,
		DatabaseURIFile: filepath.Join(dir, "uri"), Spool: filepath.Join(dir, "spool"),
		Listen: "127.0.0.1:0", StatusListen: "127.0.0.1:0", GracePeriod: 2 * time.Second,
	}}
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *pod) start() {
	p.t.Helper()
	p.log = &safeBuffer{}
	p.o.Log = p.log
	s, err := open(p.t.Context(), p.o, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.sidecar = s
}

func (p *pod) stop() {
	p.t.Helper()
	if p.sidecar == nil {
		return
	}
	if err := p.close(); err != nil {
		p.t.Error(err)
	}
	p.sidecar = nil
}

func (p *pod) write(content string) {
	p.t.Helper()
	p.make(func(path string) error { return os.WriteFile(path, []byte(content), 0o600) })
}

// make something in the place of the file, which is made free first.
func (p *pod) make(what func(path string) error) {
	p.t.Helper()
	if err := os.RemoveAll(p.o.ConfigFile); err != nil {
		p.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(p.o.ConfigFile), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := what(p.o.ConfigFile); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pod) ask(method, path, user, body string) int {
	p.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8787"+path, strings.NewReader(body))
	if user != "" {
		r.Header.Set("X-Progress-User", user)
	}
	w := httptest.NewRecorder()
	p.local().ServeHTTP(w, r)
	return w.Code
}

// guarded checks that nobody writes for another learner, or erases one.
func (p *pod) guarded() {
	p.t.Helper()
	const adas = `{"userId":"ada","courseId":"c","lessonId":"l"}`
	for _, c := range []struct {
		what, method, path, user, body string
		want                           int
	}{
		{"progress without a user", "POST", "/v1/progress", "", adas, http.StatusUnauthorized},
		{"another learner's progress", "POST", "/v1/progress", "bob", adas, http.StatusForbidden},
		{"the learner's own progress", "POST", "/v1/progress", "ada", adas, http.StatusOK},
		{"erasing another learner", "DELETE", "/v1/users/ada", "bob", "", http.StatusForbidden},
	} {
		if got := p.ask(c.method, c.path, c.user, c.body); got != c.want {
			p.t.Errorf("%s gets %d, want %d", c.what, got, c.want)
		}
	}
}

// mapped checks that rows go to the LMS's own table, and that nobody makes others.
func (p *pod) mapped() {
	p.t.Helper()
	if d := databaseOptions(p.inUse(), nil); d.Mapping == nil || d.Mapping.Table != "user_progress" || d.Migrations != config.MigrationsManual {
		p.t.Errorf("rows go to %+v, and tables are made %s", d.Mapping, d.Migrations)
	}
}

func (p *pod) document() status.Document {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.state.PodHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/status", http.NoBody))
	var d status.Document
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *pod) logged(text string) int { return strings.Count(p.log.String(), text) }

// Whatever becomes of the file of a policy, its rules hold: in a process that
// runs, in the next one on its spool, and in one that never had the file.
func TestAPolicysRulesOutliveItsFile(t *testing.T) {
	const foreign = "the operator then writes the policy's"
	for name, c := range map[string]struct {
		happen func(p *pod)
		err    string
	}{
		"the policy and its ConfigMap are deleted": {func(p *pod) {
			if err := os.RemoveAll(filepath.Dir(p.o.ConfigFile)); err != nil {
				p.t.Fatal(err)
			}
		}, ""},
		"the ConfigMap loses the key":             {func(p *pod) { p.make(func(string) error { return nil }) }, ""},
		"the file is emptied":                     {func(p *pod) { p.write("") }, ""},
		"the file is cut off":                     {func(p *pod) { p.write(ofPolicy[:60]) }, "must be one JSON object"},
		"the file shrinks to {}":                  {func(p *pod) { p.write("{}") }, foreign},
		"somebody else's ConfigMap has the name":  {func(p *pod) { p.write(`{"mine": true}`) }, foreign},
		"another policy's ConfigMap has the name": {func(p *pod) { p.write(strings.Replace(before, "lms", "shop", 1)) }, "is of policy campus/shop"},
		"the ConfigMap falls back":                {func(p *pod) { p.write(before) }, ""},
		"a directory is in its place":             {func(p *pod) { p.make(func(path string) error { return os.Mkdir(path, 0o755) }) }, "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(p *pod, source string) {
				t.Helper()
				p.guarded()
				p.mapped()
				d := p.document()
				if d.ConfigSource != source || d.PolicyName != "lms" || d.PolicyGeneration != 2 || d.PolicyCreatedAt.Year() != 2026 {
					t.Errorf("%s of %s/%s, generation %d of %s", d.ConfigSource, d.PolicyNamespace, d.PolicyName, d.PolicyGeneration, d.PolicyCreatedAt)
				}
				if (d.ConfigError == "") != (c.err == "") || !strings.Contains(d.ConfigError, c.err) {
					t.Errorf("the status says %q, want %q", d.ConfigError, c.err)
				}
			}
			changed := newPod(t, before) // the header came after the injection
			changed.write(ofPolicy)
			changed.start()
			changed.guarded()
			changed.mapped()
			c.happen(changed)
			changed.reload()
			check(changed, "kept")
			changed.stop()
			changed.start()
			check(changed, "kept")

			fresh := newPod(t, ofPolicy)
			c.happen(fresh)
			fresh.start()
			check(fresh, "injected")
			fresh.reload()
			check(fresh, "injected")
			fresh.stop()
			fresh.start()
			check(fresh, "injected")
			fresh.write(ofPolicy)
			fresh.reload()
			if d := fresh.document(); d.ConfigSource != "file" || d.ConfigError != "" {
				t.Errorf("with the policy's own file again: %s, %q", d.ConfigSource, d.ConfigError)
			}
		})
	}
}

// A file that is away for a moment, as while a volume is swapped, changes
// nothing and is told once.
func TestAFileThatIsAwayForAMomentChangesNothing(t *testing.T) {
	p := newPod(t, "")
	p.write(ofPolicy)
	p.start()
	for range 3 {
		if err := os.Remove(p.o.ConfigFile); err != nil {
			t.Fatal(err)
		}
		p.reload()
		p.reload()
		p.guarded()
		p.write(ofPolicy)
		p.reload()
		p.guarded()
	}
	if n := p.logged("Changed the configuration"); n != 0 {
		t.Errorf("the configuration changed %d times", n)
	}
	if away, back := p.logged("The configuration file is not in use"), p.logged("The configuration file is in use"); away != 3 || back != 3 {
		t.Errorf("it is told %d times that the file is away, and %d times that it is back; it was 3 times", away, back)
	}
}

// Whoever starts a sidecar by hand may have no file, a file, another file.
func TestWithoutAPodTheFileIsWhatCounts(t *testing.T) {
	p := newPod(t, "")
	p.start()
	if d := p.document(); d.ConfigSource != "defaults" || d.ConfigError != "" || p.ask("POST", "/v1/progress", "", `{"userId":"a","courseId":"c","lessonId":"l"}`) != 200 {
		t.Errorf("without a file: %s, %q", d.ConfigSource, d.ConfigError)
	}
	p.write(`{"ingest":{"userHeader":"X-Progress-User"}}`)
	p.reload()
	p.guarded()
	p.make(func(string) error { return nil })
	p.reload()
	p.guarded()
	p.stop()
	p.start()
	p.guarded()
	p.write(`{}`)
	p.reload()
	if got := p.ask("DELETE", "/v1/users/ada", "", ""); got != http.StatusAccepted && got != http.StatusOK {
		t.Errorf("with a file that asks for no user: %d", got)
	}
}

func TestAnInjectedConfigurationThatCantBeUsedIsToldAndIgnored(t *testing.T) {
	p := newPod(t, `{"sync":{"batchSize":0}}`)
	p.start()
	if d := p.document(); d.ConfigSource != "defaults" || !strings.Contains(d.ConfigError, "PROGRESS_SYNC_CONFIG: sync.batchSize is 0") {
		t.Errorf("%s, %q", d.ConfigSource, d.ConfigError)
	}
	p.write(ofPolicy)
	p.reload()
	if d := p.document(); d.ConfigSource != "file" || d.ConfigError != "" {
		t.Errorf("with a file: %s, %q", d.ConfigSource, d.ConfigError)
	}
	p.stop()
	p.start()
	if p.logged("PROGRESS_SYNC_CONFIG: sync.batchSize is 0") != 1 {
		t.Errorf("the log is silent: %s", p.log)
	}
}

// An older sidecar that does not obey a setting must not be taken for one that
// does, not after a restart without the file either.
func TestSettingsThatAreNotUnderstoodAreTold(t *testing.T) {
	p := newPod(t, "")
	p.write(strings.Replace(ofPolicy, `"ingest":{`, `"sync":{"order":"strict"},"ingest":{"quota":5,`, 1))
	p.start()
	told := func() {
		t.Helper()
		p.reload()
		if d := p.document(); strings.Join(d.UnknownSettings, " ") != "ingest.quota sync.order" {
			t.Errorf("the status says %q", d.UnknownSettings)
		}
		if p.logged("ingest.quota") != 1 {
			t.Errorf("it is not logged once: %s", p.log)
		}
	}
	told()
	p.make(func(string) error { return nil })
	p.stop()
	p.start()
	told()
	p.write(ofPolicy)
	p.reload()
	if d := p.document(); d.UnknownSettings == nil || len(d.UnknownSettings) > 0 {
		t.Errorf("all is understood, and the status says %q", d.UnknownSettings)
	}
}
