package sidecarstatus

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Summary is what the sidecars of a policy say together.
type Summary struct {
	// Asked sidecars; Answering are those whose last answer counts, Unreachable
	// those that missed too many polls. The others have not answered yet.
	Asked, Answering, Unreachable int
	// Configured run at least the given generation of the policy, and know every
	// setting of it.
	Configured int
	// Misconfigured do not take the configuration that they find.
	Misconfigured int
	// Settings of the policy that sidecars do not know.
	Settings Settings
	// Refusing take no new updates.
	Refusing int
	// Tried the database; Blocked cannot use it.
	Tried, Blocked int
	// Peers is whether they hand on to each other.
	Peers Peers
	// Webhook and XAPI are whether events arrive at the webhook, and statements at the LRS.
	Webhook, XAPI Sending

	Records  Records
	Updates  Updates
	Attempts Attempts
	// Classes and Variants by name, as the sidecars call them.
	Classes  map[string]Class
	Variants map[string]Variant
	Adaptive Adaptive
	// LastSync is when one last had a batch confirmed, zero if none had.
	LastSync time.Time
	// Errors by reason, the one of most sidecars first.
	Errors []Error
}

// Records that the sidecars hold.
type Records struct {
	// Pending are accepted and not yet saved, in their window or in a batch.
	Pending, Parked, DeadLetters int64
	// Erasures of learners that were accepted and are not done in the database.
	Erasures int64
	// Oldest is when the oldest unsaved update was accepted, zero if none is.
	Oldest time.Time
	// Overdue is by how much longer than its class explains a record waits, zero if
	// none is late; OldestUntold is Oldest of the sidecars that do not say that.
	Overdue      time.Duration
	OldestUntold time.Time
}

// Updates since the sidecars' starts.
type Updates struct {
	Received, Rejected, Pending        int64
	RowsWritten, Transactions, Retries int64
	// HandedOn went on to their home, which has received them; KeptLocally did not,
	// by reason.
	HandedOn    int64
	KeptLocally map[string]int64
}

// Error that sidecars report.
type Error struct {
	Reason   string
	SQLState string
	Sidecars int
	Since    time.Time
	// Blocking errors keep the sidecars from using the database.
	Blocking bool
}

// Policy that the sidecars should be running.
type Policy struct {
	Namespace, Name string
	Generation      int64
	CreatedAt       time.Time
}

// runs says whether a sidecar's configuration was written from the policy, of
// whatever generation. An older sidecar does not say when its policy was
// created.
func (p Policy) runs(d *status.Document) bool {
	return d.PolicyNamespace == p.Namespace && d.PolicyName == p.Name &&
		(d.PolicyCreatedAt.IsZero() || d.PolicyCreatedAt.Equal(p.CreatedAt))
}

// Summarize adds up the answers. Only sidecars that are not unreachable count,
// so what a sidecar that is gone had written goes with it.
func Summarize(answers []Answer, policy Policy) Summary {
	var s Summary
	for _, answer := range answers {
		s.Asked++
		switch {
		case answer.Unreachable():
			s.Unreachable++
		case answer.Document != nil:
			s.Answering++
			s.add(answer.Document, answer.At, policy)
		}
	}
	slices.SortFunc(s.Errors, func(a, b Error) int {
		return cmp.Or(-cmp.Compare(rank(a), rank(b)), -cmp.Compare(a.Sidecars, b.Sidecars), cmp.Compare(a.Reason, b.Reason))
	})
	return s
}

func (s *Summary) add(d *status.Document, at time.Time, policy Policy) {
	s.addConfiguration(d, policy)
	if !d.Accepting {
		s.Refusing++
	}
	unsaved := count(d.Sync.PendingRecords) + count(d.Sync.InFlightRecords)
	s.Records.Pending += unsaved
	if d.Sync.Parked {
		s.Records.Parked += unsaved
	}
	s.Records.DeadLetters += count(d.DeadLetters.Count)
	s.Records.Erasures += max(count(d.Erasures.Pending), count(d.Erasures.Failed))
	if age := d.Sync.OldestPendingSeconds; unsaved > 0 && age > 0 && age < maxAge.Seconds() {
		oldest := at.Add(-time.Duration(age * float64(time.Second)))
		s.Records.Oldest = earlier(s.Records.Oldest, oldest)
		s.addLate(d, oldest)
	}

	s.Updates.Received += count(d.Counters.UpdatesAccepted)
	if d.Peers != nil {
		s.Updates.Received += count(d.Peers.Strays) // which are pending, and counted when they are merged
	}
	s.Updates.Rejected += count(d.Counters.UpdatesRejected)
	s.Updates.Pending += count(d.Sync.PendingUpdates)
	s.Updates.RowsWritten += count(d.Counters.RowsWritten)
	s.Updates.Transactions += count(d.Counters.BatchesApplied)
	s.Updates.Retries += count(d.Counters.Retries)

	if t := d.Sync.LastSyncedAt; t != nil && t.After(s.LastSync) {
		s.LastSync = *t
		if s.LastSync.After(at) {
			s.LastSync = at
		}
	}
	s.addDatabase(d)
	s.addPeers(d.Peers, at)
	s.Webhook.add(d.Webhook, at)
	s.XAPI.add(d.XAPI, at)
	s.addAttempts(d)
	s.addClasses(d.Classes, at)
	s.addVariants(d.Variants)
	s.addAdaptive(d.Adaptive)
}

// addConfiguration counts a sidecar as configured only if it says that it knows
// all settings: one too old to tell does not say so.
func (s *Summary) addConfiguration(d *status.Document, policy Policy) {
	if d.ConfigError != "" {
		s.Misconfigured++
	}
	if !policy.runs(d) {
		return
	}
	if len(d.UnknownSettings) > 0 {
		s.Settings.add(d.UnknownSettings)
	}
	if d.PolicyGeneration >= policy.Generation && d.UnknownSettings != nil && len(d.UnknownSettings) == 0 {
		s.Configured++
	}
}

func (s *Summary) addDatabase(d *status.Document) {
	unreachable := d.Database.Reachable != nil && !*d.Database.Reachable
	reported := d.Sync.Error
	if reported != nil && reported.Class == classStopping {
		reported = nil
	}
	if d.Database.Reachable != nil || reported != nil && ofDatabase(meaningOf(reported.Class).reason) {
		s.Tried++
	}

	var e Error
	switch {
	case reported != nil:
		m := meaningOf(reported.Class)
		e = Error{
			Reason: m.reason, SQLState: safeSQLState(reported.SQLState), Since: reported.Since,
			Blocking: ofDatabase(m.reason) && (m.blocking || unreachable || d.Sync.Parked),
		}
	case unreachable:
		e = Error{Reason: v1alpha1.ReasonDatabaseUnreachable, Since: deref(d.Database.Since), Blocking: true}
	default:
		return
	}
	e.Sidecars = 1
	if e.Blocking {
		s.Blocked++
	}
	s.addError(e)
}

func (s *Summary) addError(e Error) {
	for i := range s.Errors {
		if known := &s.Errors[i]; known.Reason == e.Reason {
			known.Sidecars += e.Sidecars
			known.Since = earlier(known.Since, e.Since)
			known.Blocking = known.Blocking || e.Blocking
			return
		}
	}
	s.Errors = append(s.Errors, e)
}

// WriteReduction is the share of saved updates that cost no row write of their
// own, in percent with one decimal, or nothing while nothing was saved. The
// sidecars count since their starts, and may write after a start what they took
// before it, so the share is kept within 0 and 100.
func (u Updates) WriteReduction() string {
	saved := u.Received - u.Pending
	if saved <= 0 {
		return ""
	}
	// In tenths and rounded down: 100.0% would say that nothing was written.
	tenths := 1000 - (1000*float64(u.RowsWritten))/float64(saved)
	tenths = min(max(tenths, 0), 1000)
	if u.RowsWritten > 0 {
		tenths = min(tenths, 999)
	}
	return fmt.Sprintf("%d.%d%%", int(tenths)/10, int(tenths)%10)
}

// HandedOnShare is the share of received updates that went through another sidecar
// to their home, in percent with one decimal, rounded down, or nothing while there
// are none. Home and sender count since their own starts, so it is kept within 100.
func (u Updates) HandedOnShare() string {
	if u.HandedOn <= 0 {
		return ""
	}
	tenths := int(1000 * min(1, float64(u.HandedOn)/float64(max(u.Received, 1))))
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}

// Limits of what a sidecar can say of itself.
const (
	maxCount = int64(1) << 50
	maxAge   = 100 * 365 * 24 * time.Hour
)

func count(n int64) int64 { return min(max(n, 0), maxCount) }

func rank(e Error) int {
	if e.Blocking {
		return 1
	}
	return 0
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
