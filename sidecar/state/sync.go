package state

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// SyncState is what an app shows of the syncing.
type SyncState struct {
	Status status.State `json:"status"`
	// PendingUpdates were accepted and are not saved yet. In the state of a part
	// those in quarantine are among them; for the whole sidecar they are counted
	// apart, since they don't come to an end by themselves.
	PendingUpdates int64 `json:"pendingUpdates"`
	// LastSyncedAt is when this process last saved something.
	LastSyncedAt *time.Time `json:"lastSyncedAt"`
	// NextSyncAt is when the next write is due or tried again.
	NextSyncAt *time.Time `json:"nextSyncAt"`
	// RetryCount is the number of attempts that failed in a row.
	RetryCount int        `json:"retryCount"`
	Error      *SyncError `json:"error"`
	// Writer names the spool that this is the state of: what another one has
	// accepted is not in it.
	Writer string `json:"writer"`
	// Variant is the name of the arm of the learner whose state this is, empty where
	// the policy has no variants or the state is that of several learners.
	Variant string `json:"variant,omitempty"`
}

// SyncError is why nothing is saved at the moment, or not all that was accepted.
type SyncError struct {
	// Kind is one of network, server, validation and rate_limit.
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// situation is what a status is judged by.
type situation struct {
	diskFailed  bool
	phase       flush.Phase
	reachable   *bool
	pending     int64
	inFlight    int64
	quarantined int64
}

// judge names the situation, the most serious first:
//
//	error     a person has to act: the disk failed, flushing has stopped for
//	          good, or the database asks for something to be mended
//	parked    something waits and the retries are used up
//	retrying  something waits, an attempt failed and has retries left
//	offline   the database can't be reached, and no write has suffered from it
//	syncing   a write is under way
//	pending   something waits for its window to end
//	error     nothing waits, and records are in quarantine for a person to decide on
//	synced    all that was accepted is saved
func judge(s situation) status.State {
	unsaved := s.pending+s.inFlight > 0
	switch {
	case s.diskFailed, s.phase == flush.PhaseStopped, s.phase == flush.PhaseHeld:
		return status.StateError
	case s.phase == flush.PhaseParked && unsaved:
		return status.StateParked
	case s.phase == flush.PhaseRetrying && unsaved:
		return status.StateRetrying
	case s.reachable != nil && !*s.reachable:
		return status.StateOffline
	case s.inFlight > 0:
		return status.StateSyncing
	case s.pending > 0:
		return status.StatePending
	case s.quarantined > 0:
		return status.StateError
	default:
		return status.StateSynced
	}
}

// Part is a part of the sidecar's records, such as that of one learner, as
// numbers of updates, and when it is due.
type Part struct {
	Pending     int64 // that wait
	InFlight    int64 // that are being written
	Quarantined int64 // that the database refused
	// NextDue is when the first of those that wait is due. Without it, with a zero, the
	// state tells when something of the sidecar is.
	NextDue time.Time
}

// SyncState is the sync state of the whole sidecar. It is never synced while
// records are in quarantine: they were accepted, and are not saved.
func (s *State) SyncState() SyncState { return s.whole(s.view()) }

func (s *State) whole(v view) SyncState {
	out := s.syncState(v, v.stats.PendingUpdates, situation{
		pending: v.stats.Pending, inFlight: v.stats.InFlight, quarantined: v.stats.DeadLetters,
	})
	if out.Status == status.StateError && out.Error == nil && v.stats.DeadLetters > 0 {
		out.Error = &SyncError{Kind: postgres.KindValidation, Message: quarantineMessage(v.stats.DeadLetters)}
	}
	return out
}

// SyncStateOf is the sync state of a part. One with updates in quarantine is
// never synced: they are not saved, and a learner must not be told so.
func (s *State) SyncStateOf(p Part) SyncState {
	v := s.view()
	if !p.NextDue.IsZero() {
		v.stats.NextDue = p.NextDue
	}
	out := s.syncState(v, p.Pending+p.InFlight+p.Quarantined, situation{pending: p.Pending, inFlight: p.InFlight})
	if p.Quarantined > 0 && out.Error == nil {
		out.Status = status.StateError
		out.Error = &SyncError{
			Kind: postgres.KindValidation,
			Message: "The database refused updates for what is in them. They are set aside and kept: " +
				"GET /v1/dead-letters tells why, and replays them when the cause is mended.",
		}
	}
	return out
}

// quarantineMessage tells how many records are in quarantine, and what to do.
func quarantineMessage(records int64) string {
	what := "1 record for its data. It is"
	if records != 1 {
		what = fmt.Sprintf("%d records for their data. They are", records)
	}
	return "The database refused " + what + " not saved, but set aside and kept: GET /v1/dead-letters tells why. " +
		"Mend the cause, then POST /v1/dead-letters/replay."
}

// syncState is the sync state of so many updates, in records. The rest of the
// situation is the same for all parts.
func (s *State) syncState(v view, updates int64, records situation) SyncState {
	records.diskFailed, records.phase, records.reachable = v.diskFailed, v.condition.Phase, v.condition.Reachable
	out := SyncState{
		Status:         judge(records),
		PendingUpdates: updates,
		LastSyncedAt:   instant(progress.Instant(s.lastSaved.Load()).Time()),
		RetryCount:     v.condition.Failures,
		Writer:         v.writer,
	}
	if records.pending+records.inFlight > 0 {
		out.NextSyncAt = v.next()
	}
	if e := v.failure(s.now()); e != nil {
		out.Error = &SyncError{Kind: e.Kind, Message: e.Message}
	}
	return out
}

// next is when the next write is due, or tried again after a failure.
func (v view) next() *time.Time {
	if v.condition.Phase == flush.PhaseStopped || v.diskFailed {
		return nil
	}
	if v.condition.Phase != flush.PhaseWorking {
		return instant(v.condition.NextAttempt)
	}
	return instant(v.stats.NextDue)
}

// failure is why nothing is written now, nil if nothing stands in the way.
func (v view) failure(now time.Time) *status.Error {
	if v.diskFailed {
		return &status.Error{Kind: postgres.KindServer, Class: "SpoolFailed", Message: v.refused(), Since: now.UTC()}
	}
	f := v.condition.Failure
	if f == nil {
		return nil
	}
	return &status.Error{
		Kind: f.Kind, Class: string(f.Class), SQLState: f.SQLState,
		Message: f.Message, Since: v.condition.Since.UTC(),
	}
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
