package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// result is what came out.
type result struct {
	plan    plan
	totals  totals
	written written
	counts  truth.Counts
	report  truth.Report
	lags    []time.Duration
	// policy is what kubectl prints of it, peered what its status says of peers.
	policy, peered string
	// visited are the lessons of people who looked in, who keep no account.
	visited int
}

func (r *result) table() string {
	scaled := func(d time.Duration) string {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	rows := [][2]string{
		{"updates accepted", fmt.Sprintf("%s on %s learners' lessons, %d lessons ended",
			grouped(r.totals.accepted), grouped(int64(r.counts.Keys)), r.totals.learners.LessonsEnded)},
		{"requests went", r.spread()},
		{"handed on", fmt.Sprintf("%s, %.1f %% of the updates, to the sidecar that is the learner's home; %s kept elsewhere\n(the policy says: %s)",
			grouped(r.totals.allHandedOn()), percent(r.totals.allHandedOn(), r.totals.accepted), grouped(r.totals.keptLocally), r.peered)},
		{"pages opened again", r.reopened()},
		{"rows written", fmt.Sprintf("%s (Postgres counts %s)", grouped(r.totals.rows), grouped(r.written.rows))},
		{"transactions", fmt.Sprintf("%s (the ledger counts %s)", grouped(r.totals.transactions), grouped(r.written.transactions))},
		{"write reduction", fmt.Sprintf("%.1f %% against one write for each update", r.totals.reduction())},
		{"accepted → saved", fmt.Sprintf("p50 %s, p95 %s, max %s at an interval of %s (seen from outside, to ± %s)",
			scaled(quantile(r.lags, 0.5)), scaled(quantile(r.lags, 0.95)), scaled(quantile(r.lags, 1)), r.plan.interval(), lagStep)},
		{"answer to a POST", fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, with its connection, its hop and its disk sync, on this busy machine", r.totals.learners.P50, r.totals.learners.P99)},
		{"not acknowledged", fmt.Sprintf("%d refused and sent again, %d without an answer", r.counts.Refused, r.counts.Uncertain)},
		{"every row compared", fmt.Sprintf("%s keys: %d lost, %d doubled, %d wrong",
			grouped(int64(r.report.Keys)), r.report.Lost, r.report.Doubled, r.report.Wrong)},
	}
	if r.tooSlow() {
		rows = append(rows, [2]string{"a slow machine", fmt.Sprintf("it had time for %.0f %% of the heartbeats, and fewer of them share a write; try -learners %d",
			percent(r.counts.Acknowledged, r.plan.updates()), max(2, r.plan.learners/2))})
	}
	if r.visited > 0 {
		rows = append(rows, [2]string{"people who looked in", fmt.Sprintf("%d %s of people are not compared, and are in what sidecars and Postgres count", r.visited, lessons(r.visited))})
	}
	return table(rows) + "\n$ kubectl -n " + namespace + " get psync -o wide\n" + strings.TrimRight(r.policy, "\n") + "\n"
}

// spread is how many updates each pod took, by the learners' own log.
func (r *result) spread() string {
	if len(r.totals.learners.Pods) == 0 {
		return "to no pod"
	}
	counts := slices.Sorted(maps.Values(r.totals.learners.Pods))
	return fmt.Sprintf("to any of %d pods, %s to %s updates each", len(counts), grouped(counts[0]), grouped(counts[len(counts)-1]))
}

// reopened is what pages showed that were opened again.
func (r *result) reopened() string {
	p := r.totals.learners.Reopened
	return fmt.Sprintf("%s right after an update, %s of them in another pod: %s at that second, %d behind, %d marked stale",
		grouped(p.Pages), grouped(p.Elsewhere), grouped(p.Exact), p.Behind+p.Failed, p.Stale)
}

func lessons(n int) string {
	if n == 1 {
		return "lesson"
	}
	return "lessons"
}

// err is nil if the product did what it promises.
func (r *result) err() error {
	var failures []error
	if err := r.report.Err(); err != nil {
		failures = append(failures, err)
	}
	tooMany := r.visited == 0 && r.counts.Acknowledged+r.counts.Uncertain < r.totals.accepted
	if tooMany || r.counts.Acknowledged > r.totals.accepted {
		failures = append(failures, fmt.Errorf("the sidecars count %d updates accepted, the LMS had %d acknowledged and %d without an answer "+
			"(a sidecar that restarts counts anew)",
			r.totals.accepted, r.counts.Acknowledged, r.counts.Uncertain))
	}
	// An attempt that was rolled back counts in Postgres and not in a sidecar,
	// and an undisturbed run has hardly any.
	if most := r.totals.rows + r.totals.rows/50; r.written.rows < r.totals.rows || r.written.rows > most {
		failures = append(failures, fmt.Errorf("the sidecars count %d rows written, Postgres %d", r.totals.rows, r.written.rows))
	}
	if r.totals.deadLetters > 0 {
		failures = append(failures, fmt.Errorf("%d records are in quarantine", r.totals.deadLetters))
	}
	return errors.Join(append(failures, r.homesErr(), r.reductionErr())...)
}

// homesErr is nil if requests went to all pods and each learner had one home.
func (r *result) homesErr() error {
	var failures []error
	if counts := slices.Sorted(maps.Values(r.totals.learners.Pods)); len(counts) != replicas || counts[0] < r.counts.Acknowledged/(2*replicas) {
		failures = append(failures, fmt.Errorf("updates did not go to any of %d pods, but by pod: %d", replicas, counts))
	}
	if r.totals.allHandedOn() == 0 {
		failures = append(failures, errors.New("nothing was handed on"))
	}
	for pod, handedOn := range r.totals.handedOn {
		// What had no answer may have been handed on.
		if got := r.totals.learners.Pods[pod]; r.visited == 0 && handedOn > got+r.counts.Uncertain {
			failures = append(failures, fmt.Errorf("the sidecar of %s counts %d updates handed on, the learners know of %d that went there", pod, handedOn, got))
		}
	}
	switch pages := r.totals.learners.Reopened; {
	case pages.Elsewhere == 0:
		failures = append(failures, errors.New("no page was opened again in another pod"))
	case pages.Behind > r.totals.keptLocally || pages.Failed > 0:
		// The home does not know of an update that another sidecar kept.
		failures = append(failures, fmt.Errorf("of %d pages that were opened again, %d lacked what had just been acknowledged and did not say so, where %d updates "+
			"were kept by another sidecar than the home; %d did not open", pages.Pages, pages.Behind, r.totals.keptLocally, pages.Failed))
	}
	return errors.Join(failures...)
}

// promised is how many percent of the writes are saved.
const promised = 95

// reductionErr is nil if the database got as few writes as is promised, by its own
// count and the learners' log.
func (r *result) reductionErr() error {
	got := percent(r.counts.Acknowledged-r.written.rows, r.counts.Acknowledged)
	if got >= promised || r.visited > 0 || r.tooSlow() {
		return nil
	}
	return fmt.Errorf("%d rows written for %d updates are %.1f %% fewer writes, less than the promised %d %%", r.written.rows, r.counts.Acknowledged, got, promised)
}

// tooSlow says whether so many heartbeats came late that too few share a write.
func (r *result) tooSlow() bool {
	const enough = 90
	return percent(r.counts.Acknowledged, r.plan.updates()) < enough
}
