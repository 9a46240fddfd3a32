package policy

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// syncedVerdict: whether records are written within their time, all of them.
func syncedVerdict(f *facts) verdict {
	return decide(f,
		updatesRefused,      // the app is being turned away now
		dataMissing,         // needs a person, and does not mend itself
		recordsParked,       // waits for the database
		recordsBacklog,      // late for a reason unknown
		recordsInQuarantine, // waits for a person
		noSidecars,          // nothing is held
		notAnsweringYet,     // nothing is known
		upToDate,
	)
}

func updatesRefused(f *facts) *verdict {
	if f.sidecars.Refusing == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonUpdatesRefused,
		"%s no new updates; a full spool or a failed disk is the usual cause, and the sidecar's log says which",
		plural(int32(f.sidecars.Refusing), "sidecar takes", "sidecars take"))
}

func dataMissing(f *facts) *verdict {
	for _, e := range f.sidecars.Errors {
		if e.Reason == v1alpha1.ReasonStaleSpool || e.Reason == v1alpha1.ReasonRewoundIncomplete {
			return isFalse(e.Reason, "%s: %s", plural(int32(e.Sidecars), "sidecar", "sidecars"), advice(e.Reason, f.policy))
		}
	}
	return nil
}

func recordsParked(f *facts) *verdict {
	if f.sidecars.Records.Parked == 0 {
		return nil
	}
	fate := "they are on the claim, where another pod finds them if theirs goes before that"
	if n := f.pods.ownVolumes; n > 0 {
		fate = fmt.Sprintf("what is in a pod's own volume is lost if the pod goes before that, and %s theirs there: restart none until then", plural(n, "pod has", "pods have"))
	}
	return isFalse(v1alpha1.ReasonParked, "records are parked after their last retry; they are written when the database answers; %s", fate)
}

// backlogSlack is how much later than its interval a record may be written.
func backlogSlack(interval time.Duration) time.Duration {
	return max(interval/2, 30*time.Second)
}

func recordsBacklog(f *facts) *verdict {
	shortest, longest := intervals(f.policy)
	records := f.sidecars.Records
	if records.Overdue > backlogSlack(shortest) {
		return isFalse(v1alpha1.ReasonBacklog, "a record has waited longer than the interval of its class explains; status.classes tells of each class since when")
	}
	if oldest := records.OldestUntold; !oldest.IsZero() && f.now.Sub(oldest) > longest+backlogSlack(longest) {
		return isFalse(v1alpha1.ReasonBacklog, "the oldest record has waited longer than the interval of %s explains", longest)
	}
	return nil
}

// intervals of a policy, the shortest and the longest of all its classes and arms.
func intervals(policy *v1alpha1.ProgressSyncPolicy) (shortest, longest time.Duration) {
	shortest = policy.Spec.Sync.Interval.Duration
	longest = shortest
	add := func(own *metav1.Duration) {
		if own != nil {
			shortest, longest = min(shortest, own.Duration), max(longest, own.Duration)
		}
	}
	for i := range policy.Spec.Sync.Classes {
		add(policy.Spec.Sync.Classes[i].Interval)
	}
	if v := policy.Spec.Variants; v != nil {
		for i := range v.Arms {
			add(v.Arms[i].Sync.Interval)
		}
	}
	return shortest, longest
}

func recordsInQuarantine(f *facts) *verdict {
	n := f.sidecars.Records.DeadLetters
	if n == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonInQuarantine,
		"the database refused %s for what is in them, and they are in quarantine; the sidecars' logs name the constraint or trigger: mend it, "+
			"then let the app POST /v1/dead-letters/replay to its sidecar, or DELETE those that may go; what is in a pod's own volume goes with the pod",
		plural(int32(min(n, 1<<31-1)), "record", "records"))
}

func notAnsweringYet(f *facts) *verdict {
	if f.sidecars.Answering > 0 {
		return nil
	}
	if f.sidecars.Unreachable > 0 {
		return sidecarsUnreachable(f)
	}
	return isUnknown(v1alpha1.ReasonNoSidecars, "no sidecar has answered yet")
}

func upToDate(f *facts) *verdict {
	message := "records are written within their time"
	if f.sidecars.Records.Erasures > 0 {
		message += "; learners whose erasure was accepted are not erased from the database yet"
	}
	return isTrue(v1alpha1.ReasonUpToDate, "%s", message)
}
