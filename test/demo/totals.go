package main

import (
	"context"
	"fmt"
	"math"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
)

// totals are the sums over the sidecars, and what the learners have met with.
type totals struct {
	learners                                                    classroom.Stats
	accepted, pending, rows, transactions, retries, deadLetters int64
	// handedOn updates went on to their home, by pod; keptLocally did not.
	handedOn    map[string]int64
	keptLocally int64
}

func sum(ctx context.Context, pods []*pod, learners *control.Client) (totals, error) {
	t := totals{handedOn: map[string]int64{}}
	var err error
	if t.learners, err = learners.Stats(ctx); err != nil {
		return t, err
	}
	for _, p := range pods {
		document, err := p.sidecar(ctx)
		if err != nil {
			return t, err
		}
		t.add(p.name, document)
	}
	return t, nil
}

func (t *totals) add(pod string, d status.Document) {
	t.accepted += d.Counters.UpdatesAccepted
	t.pending += d.Sync.PendingUpdates
	t.rows += d.Counters.RowsWritten
	t.transactions += d.Counters.BatchesApplied
	t.retries += d.Counters.Retries
	t.deadLetters += d.DeadLetters.Count
	if d.Peers == nil {
		return
	}
	t.handedOn[pod] += d.Peers.HandedOn
	for _, kept := range d.Peers.KeptLocally {
		t.keptLocally += kept
	}
}

// allHandedOn is the sum over the pods.
func (t *totals) allHandedOn() int64 {
	var all int64
	for _, n := range t.handedOn {
		all += n
	}
	return all
}

// percent of a whole, rounded down to a tenth as in the policy's status.
func percent(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return math.Floor(1000*float64(part)/float64(whole)) / 10
}

// reduction is the share of saved updates, in percent, that cost no write of
// their own, rounded down as in the policy's status.
func (t *totals) reduction() float64 {
	saved := t.accepted - t.pending
	return percent(saved-t.rows, saved)
}

// line tells how far it is.
func (t *totals) line() string {
	fewer := "    –"
	if t.rows > 0 {
		fewer = fmt.Sprintf("%5.1f", t.reduction())
	}
	return fmt.Sprintf("  %3d learners  %8s accepted  %7s pending  %6s rows written  %s %% fewer writes  %4.1f %% handed on",
		t.learners.Learners, grouped(t.accepted), grouped(t.pending), grouped(t.rows), fewer, percent(t.allHandedOn(), t.accepted))
}
