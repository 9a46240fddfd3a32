package state

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

func TestJudge(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name string
		in   situation
		want status.State
	}{
		{"nothing held and nothing known of the database", situation{}, status.StateSynced},
		{"nothing held and the database there", situation{reachable: &yes}, status.StateSynced},
		{"nothing held and the database away", situation{reachable: &no}, status.StateOffline},
		{"nothing held, away for long", situation{reachable: &no, phase: flush.PhaseParked}, status.StateOffline},
		{"something waits for its window", situation{reachable: &yes, pending: 3}, status.StatePending},
		{"something waits and the database is away", situation{reachable: &no, pending: 3}, status.StateOffline},
		{"a batch is under way", situation{reachable: &yes, pending: 3, inFlight: 2}, status.StateSyncing},
		{"a batch failed and is retried", situation{reachable: &yes, inFlight: 2, phase: flush.PhaseRetrying}, status.StateRetrying},
		{"a batch failed since the database is away", situation{reachable: &no, inFlight: 2, phase: flush.PhaseRetrying}, status.StateRetrying},
		{"a due record can't be sent", situation{reachable: &no, pending: 1, phase: flush.PhaseRetrying}, status.StateRetrying},
		{"the retries are used up", situation{reachable: &no, inFlight: 2, phase: flush.PhaseParked}, status.StateParked},
		{"a person must mend something", situation{reachable: &yes, inFlight: 2, phase: flush.PhaseHeld}, status.StateError},
		{"a person must mend something before it is needed", situation{reachable: &no, phase: flush.PhaseHeld}, status.StateError},
		{"flushing has stopped for good", situation{reachable: &yes, phase: flush.PhaseStopped}, status.StateError},
		{"the disk failed", situation{reachable: &yes, diskFailed: true}, status.StateError},
		{"records are in quarantine and nothing else is held", situation{reachable: &yes, quarantined: 1}, status.StateError},
		{"records are in quarantine and nothing is known of the database", situation{quarantined: 1}, status.StateError},
		{"records are in quarantine and another waits", situation{reachable: &yes, pending: 3, quarantined: 1}, status.StatePending},
		{"records are in quarantine and others are under way", situation{reachable: &yes, inFlight: 3, quarantined: 1}, status.StateSyncing},
		{"records are in quarantine and a batch is retried", situation{reachable: &yes, inFlight: 3, quarantined: 1, phase: flush.PhaseRetrying}, status.StateRetrying},
		{"records are in quarantine and the retries are used up", situation{inFlight: 3, quarantined: 1, phase: flush.PhaseParked}, status.StateParked},
		{"records are in quarantine and the database is away", situation{reachable: &no, quarantined: 1}, status.StateOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := judge(c.in); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSyncStateAsJSON(t *testing.T) {
	s, b := newState(t)
	b.stats.Pending, b.stats.PendingUpdates, b.stats.NextDue = 2, 5, start.Add(time.Minute)

	for _, c := range []struct {
		name   string
		happen func()
		want   string
	}{
		{
			"before anything was saved", func() {},
			`{"status":"pending","pendingUpdates":5,"lastSyncedAt":null,"nextSyncAt":"2026-03-01T10:01:00Z","retryCount":0,"error":null,"writer":"w-1"}`,
		},
		{
			"after a batch", func() { s.BatchSaved(someBatch(), 2, start.Add(time.Second)) },
			`{"status":"pending","pendingUpdates":5,"lastSyncedAt":"2026-03-01T10:00:01Z","nextSyncAt":"2026-03-01T10:01:00Z","retryCount":0,"error":null,"writer":"w-1"}`,
		},
		{
			"during retries", func() { s.ConditionChanged(failed(flush.PhaseRetrying)) },
			`{"status":"retrying","pendingUpdates":5,"lastSyncedAt":"2026-03-01T10:00:01Z","nextSyncAt":"2026-03-01T10:00:20Z","retryCount":3,"error":{"kind":"network","message":"Look at the network."},"writer":"w-1"}`,
		},
		{
			"after the end of flushing", func() { s.ConditionChanged(failed(flush.PhaseStopped)) },
			`{"status":"error","pendingUpdates":5,"lastSyncedAt":"2026-03-01T10:00:01Z","nextSyncAt":null,"retryCount":3,"error":{"kind":"network","message":"Look at the network."},"writer":"w-1"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.happen()
			got, err := json.Marshal(s.SyncState())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// All that was accepted is not saved while some of it is in quarantine.
func TestTheWholeIsNeverSyncedWithRecordsInQuarantine(t *testing.T) {
	const advice = " not saved, but set aside and kept: GET /v1/dead-letters tells why. Mend the cause, then POST /v1/dead-letters/replay."
	for _, c := range []struct {
		name  string
		stats buffer.Stats
		phase flush.Phase
		want  status.State
		error SyncError
	}{
		{"nothing is held", buffer.Stats{}, flush.PhaseWorking, status.StateSynced, SyncError{}},
		{"one is in quarantine", buffer.Stats{DeadLetters: 1}, flush.PhaseWorking, status.StateError,
			SyncError{Kind: "validation", Message: "The database refused 1 record for its data. It is" + advice}},
		{"several are in quarantine", buffer.Stats{DeadLetters: 12}, flush.PhaseWorking, status.StateError,
			SyncError{Kind: "validation", Message: "The database refused 12 records for their data. They are" + advice}},
		{"others wait", buffer.Stats{DeadLetters: 1, Pending: 1, PendingUpdates: 2}, flush.PhaseWorking, status.StatePending, SyncError{}},
		{"others are under way", buffer.Stats{DeadLetters: 1, InFlight: 1, PendingUpdates: 2}, flush.PhaseWorking, status.StateSyncing, SyncError{}},
		{"nothing can be written anyway", buffer.Stats{DeadLetters: 1}, flush.PhaseHeld, status.StateError,
			SyncError{Kind: "network", Message: "Look at the network."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, b := newState(t)
			b.stats = c.stats
			if c.phase != flush.PhaseWorking {
				s.ConditionChanged(failed(c.phase))
			}
			got := s.SyncState()
			var problem SyncError
			if got.Error != nil {
				problem = *got.Error
			}
			if got.Status != c.want || problem != c.error || got.PendingUpdates != c.stats.PendingUpdates {
				t.Errorf("%s, %+v, %d updates", got.Status, problem, got.PendingUpdates)
			}
			if d := s.Document(); d.Sync.State != c.want {
				t.Errorf("the status document says %s", d.Sync.State)
			}
		})
	}
}

func TestSyncStateOfOneLearner(t *testing.T) {
	s, b := newState(t)
	b.stats.Pending, b.stats.InFlight, b.stats.PendingUpdates = 7, 7, 20
	for _, c := range []struct {
		name    string
		part    Part
		status  status.State
		updates int64
	}{
		{"who has nothing unsaved is synced whatever others have", Part{}, status.StateSynced, 0},
		{"whose updates wait", Part{Pending: 3}, status.StatePending, 3},
		{"whose updates are being written", Part{Pending: 1, InFlight: 3}, status.StateSyncing, 4},
		{"whose updates were refused is not told that they are saved", Part{Quarantined: 2}, status.StateError, 2},
		{"whose updates were refused while others wait", Part{Pending: 1, Quarantined: 2}, status.StateError, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.SyncStateOf(c.part)
			if got.Status != c.status || got.PendingUpdates != c.updates {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A learner whose lesson is due in three minutes must not be told that it is saved in
// one, when that is another's.
func TestALearnerIsToldWhenTheirOwnIsDue(t *testing.T) {
	s, b := newState(t)
	others, own := start.Add(time.Minute), start.Add(3*time.Minute)
	b.stats.Pending, b.stats.PendingUpdates, b.stats.NextDue = 7, 20, others
	is := func(what string, got *time.Time, want time.Time) {
		t.Helper()
		if got == nil || !got.Equal(want) {
			t.Errorf("%s: %v, not %v", what, got, want)
		}
	}
	is("what waits", s.SyncStateOf(Part{Pending: 3, NextDue: own}).NextSyncAt, own)
	is("what is being written", s.SyncStateOf(Part{InFlight: 3}).NextSyncAt, others)
	is("the whole sidecar", s.SyncState().NextSyncAt, others)
	s.ConditionChanged(failed(flush.PhaseRetrying))
	is("while writes fail", s.SyncStateOf(Part{Pending: 3, NextDue: own}).NextSyncAt, start.Add(20*time.Second))
	if got := s.SyncStateOf(Part{}).NextSyncAt; got != nil {
		t.Errorf("nothing unsaved: %v", got)
	}
}
