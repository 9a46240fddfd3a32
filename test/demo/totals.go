package main

import (
	"context"
	"fmt"
	"math"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
)

// totals are the sums over the pods.
type totals struct {
	lms struct {
		learners, refused, uncertain, ended int64
		p50, p99                            float64 // ms, of the slower pod
		failure                             string
	}
	accepted, pending, rows, transactions, retries, deadLetters int64
}

func sum(ctx context.Context, pods []*pod) (totals, error) {
	var t totals
	for _, p := range pods {
		document, err := p.sidecar(ctx)
		if err != nil {
			return t, err
		}
		stats, err := p.lms.Stats(ctx)
		if err != nil {
			return t, fmt.Errorf("pod %s: %w", p.name, err)
		}
		t.add(document, stats)
	}
	return t, nil
}

func (t *totals) add(d status.Document, s classroom.Stats) {
	t.accepted += d.Counters.UpdatesAccepted
	t.pending += d.Sync.PendingUpdates
	t.rows += d.Counters.RowsWritten
	t.transactions += d.Counters.BatchesApplied
	t.retries += d.Counters.Retries
	t.deadLetters += d.DeadLetters.Count
	t.lms.learners += int64(s.Learners)
	t.lms.refused += s.Refused
	t.lms.uncertain += s.Uncertain
	t.lms.ended += s.LessonsEnded
	t.lms.p50, t.lms.p99 = max(t.lms.p50, s.P50), max(t.lms.p99, s.P99)
	if t.lms.failure == "" {
		t.lms.failure = s.Failure
	}
}

// reduction is the share of saved updates, in percent, that cost no write of
// their own, rounded down as in the policy's status.
func (t *totals) reduction() float64 {
	saved := t.accepted - t.pending
	if saved <= 0 {
		return 0
	}
	return math.Floor(1000*(1-float64(t.rows)/float64(saved))) / 10
}

// line tells how far it is.
func (t *totals) line() string {
	fewer := "    –"
	if t.rows > 0 {
		fewer = fmt.Sprintf("%5.1f", t.reduction())
	}
	return fmt.Sprintf("  %3d learners  %8s accepted  %7s pending  %6s rows written  %s %% fewer writes",
		t.lms.learners, grouped(t.accepted), grouped(t.pending), grouped(t.rows), fewer)
}
