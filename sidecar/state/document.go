package state

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// ClassRewoundIncomplete is the class of the error that stays in the document
// after a database lost batches that the spool no longer had.
const ClassRewoundIncomplete = "RewoundIncomplete"

// Document is the state of the sidecar for /v1/status.
func (s *State) Document() status.Document {
	v := s.view()
	refusal := v.refused()
	sync := s.whole(v)
	policy := v.config.Config.Policy
	webhook, xapi := s.sending()
	return status.Document{
		Version:          s.version,
		PolicyNamespace:  policy.Namespace,
		PolicyName:       policy.Name,
		PolicyGeneration: policy.Generation,
		PolicyCreatedAt:  policy.CreatedAt,
		ConfigSource:     string(v.config.Source),
		UnknownSettings:  append([]string{}, v.config.Unknown...), // null would say that it can't be told
		ConfigError:      v.configError(),
		Accepting:        refusal == "",
		Refusal:          refusal,
		StartedAt:        s.started.UTC(),
		Sync: status.Sync{
			State:                sync.Status,
			PendingRecords:       v.stats.Pending,
			InFlightRecords:      v.stats.InFlight,
			PendingUpdates:       v.stats.PendingUpdates,
			OldestPendingSeconds: v.oldestPending(s.now()).Seconds(),
			OverdueSeconds:       v.stats.Overdue.Seconds(),
			LastSyncedAt:         sync.LastSyncedAt,
			NextSyncAt:           sync.NextSyncAt,
			RetryCount:           sync.RetryCount,
			Parked:               v.condition.Phase == flush.PhaseParked,
			Error:                v.lasting(s.now()),
		},
		Classes:  s.classes(v),
		Variants: s.variants(v),
		Adaptive: s.adaptiveNow(),
		Counters: status.Counters{
			UpdatesAccepted: s.accepted.Load(),
			UpdatesRejected: s.rejected.Load(),
			RowsWritten:     s.rows.Load(),
			BatchesApplied:  s.applied.Load(),
			BatchesReplayed: s.replayed.Load(),
			Retries:         s.retries.Load(),
			Attempts:        s.attempts.Load(),
			FailedAttempts:  s.failedAttempts.Load(),
			RecordsSaved:    s.records.Load(),
		},
		Database: status.Database{
			Reachable: v.condition.Reachable,
			Since:     instant(v.condition.ReachableSince),
			Local:     s.local.Load(),
		},
		Spool:       status.Spool{Bytes: v.stats.SpoolBytes, LimitBytes: v.stats.LimitBytes},
		DeadLetters: status.DeadLetters{Count: v.stats.DeadLetters},
		Erasures:    s.erasures(v),
		Peers:       s.peersNow(v.stats.Strays),
		Webhook:     sendingNow(webhook),
		XAPI:        sendingNow(xapi),
	}
}

// peersNow is nil until AttachPeers.
func (s *State) peersNow(strays int64) *status.Peers {
	s.mu.Lock()
	peers := s.peers
	s.mu.Unlock()
	if peers == nil {
		return nil
	}
	now := peers()
	now.Strays = strays
	return &now
}

// adaptiveNow is nil until AttachAdaptive.
func (s *State) adaptiveNow() *status.Adaptive {
	s.mu.Lock()
	adaptive := s.adaptive
	s.mu.Unlock()
	if adaptive == nil {
		return nil
	}
	return adaptive()
}

// sending is how the receivers of events are told of.
func (s *State) sending() (webhook, xapi func() *status.Sending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook, s.xapi
}

// sendingNow is nil until AttachSending.
func sendingNow(told func() *status.Sending) *status.Sending {
	if told == nil {
		return nil
	}
	return told()
}

func (s *State) erasures(v view) status.Erasures {
	e := status.Erasures{Pending: int64(s.pendingErasures()), Failed: int64(v.refusedErasures)}
	if f := v.erasureFailure; f != nil {
		e.Error = &status.ErasureError{Kind: f.Kind, Class: string(f.Class), SQLState: f.SQLState, Message: f.Message}
	}
	return e
}

// oldestPending is the age of the oldest update that is accepted, not saved.
func (v view) oldestPending(now time.Time) time.Duration {
	return age(v.stats.Oldest, now)
}

// age at a moment of what came at an instant, 0 for none.
func age(came progress.Instant, now time.Time) time.Duration {
	if came == 0 {
		return 0
	}
	return max(0, time.Duration(progress.InstantOf(now)-came)*time.Microsecond)
}

func (v view) configError() string {
	if v.config.Err == nil {
		return ""
	}
	return v.config.Err.Error()
}

// lasting is failure, or else what an incomplete replay left behind, or else
// the records in quarantine: a person should know of them although writing goes on.
func (v view) lasting(now time.Time) *status.Error {
	if e := v.failure(now); e != nil {
		return e
	}
	if v.missing == nil {
		return v.quarantine(now)
	}
	return &status.Error{
		Kind: postgres.KindServer, Class: ClassRewoundIncomplete, Since: v.missing.since.UTC(),
		Message: fmt.Sprintf("The database fell back further than the spool reaches: up to %d batches that had been saved "+
			"are missing in it. Restore the database to a later point, or raise buffer.replayWindow for the next time.",
			v.missing.batches),
	}
}

// quarantine tells of the dead letters. Its class is the one that operators of
// all versions know as a refusal of data.
func (v view) quarantine(now time.Time) *status.Error {
	if v.stats.DeadLetters == 0 {
		return nil
	}
	since := v.quarantinedSince
	if since.IsZero() { // the first one is in the buffer, and not reported yet
		since = now
	}
	return &status.Error{
		Kind: postgres.KindValidation, Class: string(postgres.BadData), Message: quarantineMessage(v.stats.DeadLetters), Since: since.UTC(),
	}
}
