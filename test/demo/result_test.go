package main

import (
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/web"
	"github.com/progress-sync/progress-sync/test/truth"
)

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
