package main

import (
	"errors"
	"fmt"
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
	moved   int
	policy  string
	// visited are the lessons of people who looked in, who keep no account.
	visited int
}

func (r *result) table() string {
	scaled := func(d time.Duration) string {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	rows := [][2]string{
		{"updates accepted", fmt.Sprintf("%s on %s learners' lessons, %d learners changed pods, %d lessons ended",
			grouped(r.totals.accepted), grouped(int64(r.counts.Keys)), r.moved, r.totals.lms.ended)},
		{"rows written", fmt.Sprintf("%s (Postgres counts %s)", grouped(r.totals.rows), grouped(r.written.rows))},
		{"transactions", fmt.Sprintf("%s (the ledger counts %s)", grouped(r.totals.transactions), grouped(r.written.transactions))},
		{"write reduction", fmt.Sprintf("%.1f %% against one write for each update", r.totals.reduction())},
		{"accepted → saved", fmt.Sprintf("p50 %s, p95 %s, max %s at an interval of %s\n(seen from outside, to ± %s; without learners who changed pods)",
			scaled(quantile(r.lags, 0.5)), scaled(quantile(r.lags, 0.95)), scaled(quantile(r.lags, 1)), r.plan.interval(), lagStep)},
		{"answer to a POST", fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, with its disk sync, on this busy machine", r.totals.lms.p50, r.totals.lms.p99)},
		{"not acknowledged", fmt.Sprintf("%d refused and sent again, %d without an answer", r.counts.Refused, r.counts.Uncertain)},
		{"every row compared", fmt.Sprintf("%s keys: %d lost, %d doubled, %d wrong",
			grouped(int64(r.report.Keys)), r.report.Lost, r.report.Doubled, r.report.Wrong)},
	}
	if r.visited > 0 {
		rows = append(rows, [2]string{"people who looked in", fmt.Sprintf("%d %s of people are not compared, and counted in the first four lines", r.visited, lessons(r.visited))})
	}
	return table(rows) + "\n$ kubectl -n " + namespace + " get psync -o wide\n" + strings.TrimRight(r.policy, "\n") + "\n"
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
	return errors.Join(failures...)
}
