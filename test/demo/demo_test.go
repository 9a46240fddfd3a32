package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/test/cluster"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

func TestScreen(t *testing.T) {
	write := func(terminal bool) string {
		var out bytes.Buffer
		s := &screen{out: &out, terminal: terminal}
		s.status("1 of 2")
		_, _ = s.Write([]byte("half "))
		_, _ = s.Write([]byte("a line\nand"))
		s.status("2 of 2")
		_, _ = s.Write([]byte(" more\n"))
		s.status("")
		return out.String()
	}
	const erase = "\r\x1b[K"
	tests := map[bool]string{
		false: "1 of 2\nhalf a line\n2 of 2\nand more\n",
		true:  "1 of 2" + erase + "half a line\n1 of 2" + erase + "2 of 2" + erase + "and more\n2 of 2" + erase,
	}
	for terminal, want := range tests {
		if diff := cmp.Diff(want, write(terminal)); diff != "" {
			t.Errorf("on a terminal: %t:\n%s", terminal, diff)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestTheIntervalIsAWindowAtTheDemosPace(t *testing.T) {
	for factor, want := range map[float64]time.Duration{1: 3 * time.Minute, 30: 6 * time.Second, 1000: time.Second} {
		if got := (plan{factor: factor}).interval(); got != want {
			t.Errorf("factor %v: %s, want %s", factor, got, want)
		}
	}
}

func TestManifestsAreYAMLWhateverIsFilledIn(t *testing.T) {
	v := values{Interval: "6s", DatabaseURI: `postgres://u:p"a\ss: {}#@h/d`, Image: "i:1", TruthURL: "http://t:1", SessionKey: "key", WebPort: 8000}
	for _, name := range []string{"namespace.yaml", "policy.yaml", "lms.yaml", "learners.yaml"} {
		content, err := render(name, v)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(content), "\n---\n") {
			var object map[string]any
			if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil || object["kind"] == nil {
				t.Errorf("%s: %v\n%s", name, err, document)
			}
			if object["kind"] == "Secret" {
				want := map[string]any{"uri": v.DatabaseURI}
				if strings.Contains(document, "lms-session") {
					want = map[string]any{"key": v.SessionKey}
				}
				if diff := cmp.Diff(want, object["stringData"]); diff != "" {
					t.Error(diff)
				}
			}
		}
	}
}

func TestLags(t *testing.T) {
	begin := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	key, late := truth.Key{UserID: "ada", LessonID: "l"}, truth.Key{UserID: "late", LessonID: "l"}
	entry := func(key truth.Key, second float64, outcome truth.Outcome) truth.Entry {
		return truth.Entry{Update: &truth.Update{Key: key, OccurredAt: at(second)}, Outcome: outcome}
	}
	w := lagWatch{seen: []sighting{{key, at(2), at(3)}, {late, at(1), at(9)}, {key, at(5), at(6.5)}}}
	got := w.lags([]truth.Entry{
		entry(key, 0, truth.Acknowledged), // seen at 3
		entry(key, 2, truth.Acknowledged), // the newest of the first write: seen at 3
		entry(key, 2.5, truth.Acknowledged),
		entry(key, 4, truth.Refused),
		entry(key, 6, truth.Acknowledged), // never seen to be saved
		entry(late, 1, truth.Acknowledged),
	})
	if diff := cmp.Diff([]time.Duration{time.Second, 3 * time.Second, 4 * time.Second, 8 * time.Second}, got); diff != "" {
		t.Error(diff)
	}
	if q := quantile(got, 0.5); q != 3*time.Second {
		t.Errorf("p50 %s", q)
	}
	if q := quantile(nil, 0.5); q != 0 {
		t.Errorf("p50 of nothing %s", q)
	}
}

func TestTheDatabaseStartsWhereTheCacheIsClosedToOthers(t *testing.T) {
	cache := t.TempDir()
	if err := os.Chmod(cache, 0o700); err != nil { // as /root is
		t.Fatal(err)
	}
	o := cluster.Options{Cache: filepath.Join(cache, "cache")}
	dir, err := makePostgresDir(o)
	if err != nil {
		t.Fatal(err)
	}
	server, err := pgtest.Start(t.Context(), pgtest.Options{Dir: dir, Outlive: true, Config: pgtest.Relaxed()})
	if err != nil {
		t.Fatal(err)
	}
	pid, ok := postmaster(filepath.Join(dir, "data"))
	if !ok {
		t.Error("the server is not found")
	}
	if err := removePostgres(t.Context(), o); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if _, alive := postmaster(filepath.Join(dir, "data")); alive {
		t.Errorf("process %d still runs", pid)
	}
	if err := removePostgres(t.Context(), o); err != nil {
		t.Errorf("a second time: %v", err)
	}
	_ = server.Close() // it is gone already
}

func TestAPidFileOfAnotherProcessIsNoServer(t *testing.T) {
	data := t.TempDir()
	if _, ok := postmaster(data); ok {
		t.Error("a server without a pid file")
	}
	line := strings.Join([]string{"1", data}, "\n")
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if pid, ok := postmaster(data); ok {
		t.Errorf("process %d is taken for the server", pid)
	}
}

func TestCommandLine(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	for _, args := range [][]string{{"up"}, {"-learners", "1"}, {"-factor", "0"}, {"-watch", "-1s"}, {"-nonsense"}} {
		if err := command(t.Context(), args, out); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}
