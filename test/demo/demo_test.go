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

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/web"
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

func TestTotals(t *testing.T) {
	sum := totals{handedOn: map[string]int64{}}
	if sum.reduction() != 0 || percent(1, 0) != 0 {
		t.Errorf("a reduction of nothing: %v", sum.reduction())
	}
	document := status.Document{
		Counters: status.Counters{UpdatesAccepted: 60, RowsWritten: 1, BatchesApplied: 1},
		Sync:     status.Sync{PendingUpdates: 10},
		Peers:    &status.Peers{HandedOn: 45, KeptLocally: map[string]int64{"unreachable": 1, "busy": 2}},
	}
	sum.add("lms-0", document)
	document.Peers.HandedOn = 44
	sum.add("lms-1", document)
	if sum.reduction() != 98 || sum.transactions != 2 || sum.allHandedOn() != 89 || sum.handedOn["lms-1"] != 44 || sum.keptLocally != 6 {
		t.Errorf("got %+v, reduction %v", sum, sum.reduction())
	}
	if got := percent(749, 1001); got != 74.8 {
		t.Errorf("74.82 %% is %v", got)
	}
}

// goodResult is of 1,000 updates and what else there must be.
func goodResult() *result {
	pods := map[string]int64{"lms-0": 250, "lms-1": 250, "lms-2": 250, "lms-3": 250}
	return &result{
		plan: plan{learners: 2, factor: 50, watch: 50 * time.Second},
		totals: totals{
			accepted: 1000, rows: 50, handedOn: map[string]int64{"lms-0": 180, "lms-1": 200},
			learners: classroom.Stats{Pods: pods, Reopened: classroom.Reopened{Pages: 20, Elsewhere: 15, Exact: 19, Stale: 1}},
		},
		written: written{rows: 50},
		counts:  truth.Counts{Keys: 3, Acknowledged: 1000, Uncertain: 2},
		report:  truth.Report{Keys: 3, Acknowledged: 1000},
	}
}

func TestOnlyAGoodResultIsGood(t *testing.T) {
	if err := goodResult().err(); err != nil {
		t.Errorf("a good one: %v", err)
	}
	tests := map[string]func(*result){
		"nothing was sent":                       func(r *result) { r.counts, r.report, r.totals.accepted = truth.Counts{}, truth.Report{}, 0 },
		"a row is wrong":                         func(r *result) { r.report.Findings = []truth.Finding{{Kind: "wrong"}} },
		"an acknowledged update is not counted":  func(r *result) { r.totals.accepted = 999 },
		"more was accepted than sent":            func(r *result) { r.totals.accepted = 1003 },
		"Postgres has seen fewer rows":           func(r *result) { r.written.rows = 49 },
		"Postgres has seen many more rows":       func(r *result) { r.written.rows = 60 },
		"a record is in quarantine":              func(r *result) { r.totals.deadLetters = 1 },
		"there are too many writes":              func(r *result) { r.totals.rows, r.written.rows = 51, 51 },
		"all requests went to some of the pods":  func(r *result) { delete(r.totals.learners.Pods, "lms-3") },
		"hardly any request went to one pod":     func(r *result) { r.totals.learners.Pods["lms-3"] = 124 },
		"nothing was handed on":                  func(r *result) { r.totals.handedOn = nil },
		"a pod handed on more than it got":       func(r *result) { r.totals.handedOn["lms-0"] = 253 },
		"no page was opened again elsewhere":     func(r *result) { r.totals.learners.Reopened.Elsewhere = 0 },
		"a page was behind and did not say so":   func(r *result) { r.totals.learners.Reopened.Behind = 1 },
		"more pages were behind than were kept":  func(r *result) { r.totals.keptLocally, r.totals.learners.Reopened.Behind = 1, 2 },
		"a page did not open":                    func(r *result) { r.totals.learners.Reopened.Failed = 1 },
		"a reduction that only the sidecars see": func(r *result) { r.counts.Acknowledged, r.totals.accepted = 998, 998 },
	}
	for name, change := range tests {
		r := goodResult()
		change(r)
		if r.err() == nil {
			t.Errorf("%s, and it is found good", name)
		}
	}
}

func TestAMachineWithTimeForFewHeartbeatsIsNamedInPlaceOfTheProduct(t *testing.T) {
	r := goodResult()
	if got := r.plan.updates(); got != 964 { // 2 learners, 48.2 s, 10 heartbeats a second
		t.Errorf("%d updates are planned", got)
	}
	if strings.Contains(r.table(), "slow") {
		t.Errorf("a machine with time for all is called slow:\n%s", r.table())
	}
	r.plan.learners = 4
	r.totals.rows, r.written.rows = 60, 60
	if err := r.err(); err != nil || !strings.Contains(r.table(), "it had time for 52 % of the heartbeats, and fewer of them share a write; try -learners 2") {
		t.Errorf("%v\n%s", err, r.table())
	}
}

func TestTheTableSaysWhereRequestsWentAndWhatPagesShowed(t *testing.T) {
	r := goodResult()
	r.totals.learners.Pods["lms-2"] = 2050
	r.peered = "4 of 4 sidecars peered, 38.0 % handed on"
	got := r.table()
	for _, want := range []string{
		"to any of 4 pods, 250 to 2,050 updates each", "380, 38.0 % of the updates", r.peered,
		"20 right after an update, 15 of them in another pod: 19 at that second, 0 behind, 1 marked stale",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestPeopleWhoLookInDoNotSpoilTheCount(t *testing.T) {
	of := func(course string) truth.Row {
		return truth.Row{Key: truth.Key{UserID: "learner-0001", CourseID: course}}
	}
	simulated, people := visitors([]truth.Row{of("course-1"), of(web.CourseID), of("course-2")})
	if len(simulated) != 2 || len(people) != 1 || people[0].CourseID != web.CourseID {
		t.Errorf("simulated %v, people %v", simulated, people)
	}
	r := goodResult()
	r.totals.accepted, r.visited = 1017, 1
	if err := r.err(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.table(), "1 lesson of people") {
		t.Errorf("it is not said: %s", r.table())
	}
	r.totals.accepted = 999
	if r.err() == nil {
		t.Error("an update of a simulated learner is not counted, and it is found good")
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
