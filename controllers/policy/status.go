package policy

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// jitter of a time that was computed from an age; below it nothing changed.
const jitter = 2 * time.Second

// status that follows from the facts, with the records that gone pods left.
// Conditions that did not change keep their transition time, so that equal facts
// give an equal status.
func status(f *facts, left v1alpha1.UnsavedStatus) v1alpha1.ProgressSyncPolicyStatus {
	before := f.policy.Status
	records, updates := f.sidecars.Records, f.sidecars.Updates

	out := *before.DeepCopy()
	out.Conditions = merged(out.Conditions, conditions(f))
	out.ObservedGeneration = f.policy.Generation
	out.Sidecars = v1alpha1.SidecarsStatus{
		Summary:     fmt.Sprintf("%d/%d", f.pods.injected, f.pods.matched),
		Matched:     f.pods.matched,
		Injected:    f.pods.injected,
		Ready:       f.pods.ready,
		Failing:     f.pods.failing,
		Configured:  int32(f.sidecars.Configured),
		Outdated:    f.pods.outdated,
		Unreachable: int32(f.sidecars.Unreachable),
		Refused:     f.pods.refused,
		OptedOut:    f.pods.optedOut,
		Conflicting: f.pods.conflicting,
		Refusing:    int32(f.sidecars.Refusing),
		Peered:      int32(f.sidecars.Peers.Peered),
	}
	out.Records = v1alpha1.RecordsStatus{
		Pending:           records.Pending,
		Parked:            records.Parked,
		DeadLetters:       records.DeadLetters,
		OldestPendingTime: steady(before.Records.OldestPendingTime, records.Oldest),
		Unsaved:           left,
	}
	out.Updates = v1alpha1.UpdatesStatus{
		Received:       updates.Received,
		Rejected:       updates.Rejected,
		Pending:        updates.Pending,
		RowsWritten:    updates.RowsWritten,
		Transactions:   updates.Transactions,
		Retries:        updates.Retries,
		WriteReduction: updates.WriteReduction(),
		HandedOn:       updates.HandedOn,
		HandedOnShare:  updates.HandedOnShare(),
		KeptLocally:    updates.KeptLocally,
	}
	out.Sync = syncStatus(f.sidecars)
	out.Classes = classStatuses(f)
	out.Variants = variantStatuses(f)
	out.SampleRatio = sampleRatio(f)
	out.Adaptive = adaptiveStatus(f)
	// A sync that happened stays known when the pod that did it is gone.
	if last := f.sidecars.LastSync; !last.IsZero() && (before.LastSyncTime == nil || last.After(before.LastSyncTime.Time)) {
		out.LastSyncTime = steady(before.LastSyncTime, last)
	}
	out.LastError = lastError(f)
	return out
}

// merged conditions: those of now, with the transition times of those that were
// there. Reconciling and Stalled go when they are over.
func merged(before, now []metav1.Condition) []metav1.Condition {
	for _, condition := range now {
		meta.SetStatusCondition(&before, condition)
	}
	for _, passing := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if meta.FindStatusCondition(now, passing) == nil {
			meta.RemoveStatusCondition(&before, passing)
		}
	}
	return before
}

// lastError is the one that keeps most sidecars from writing.
func lastError(f *facts) *v1alpha1.SyncError {
	if len(f.sidecars.Errors) == 0 {
		return nil
	}
	e := f.sidecars.Errors[0]
	var before *metav1.Time
	if b := f.policy.Status.LastError; b != nil && b.Reason == e.Reason {
		before = b.Since
	}
	return &v1alpha1.SyncError{
		Reason: e.Reason, SQLState: e.SQLState, Sidecars: int32(e.Sidecars), Since: steady(before, e.Since),
	}
}

// steady is the time in seconds, or the one before where it is about the same.
func steady(before *metav1.Time, now time.Time) *metav1.Time {
	if now.IsZero() {
		return nil
	}
	if before != nil && now.Sub(before.Time).Abs() < jitter {
		return before
	}
	t := metav1.NewTime(now.Truncate(time.Second))
	return &t
}

func sameStatus(a, b v1alpha1.ProgressSyncPolicyStatus) bool {
	return equality.Semantic.DeepEqual(a, b)
}
