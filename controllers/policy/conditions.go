package policy

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// verdict on one condition.
type verdict struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

// check returns a verdict, or nil to leave it to the next one of its chain.
type check func(*facts) *verdict

// decide runs a chain; its last check always has a verdict.
func decide(f *facts, chain ...check) verdict {
	for _, check := range chain {
		if v := check(f); v != nil {
			return *v
		}
	}
	return verdict{metav1.ConditionUnknown, "Undecided", "no check decided this"}
}

func isTrue(reason, format string, args ...any) *verdict {
	return &verdict{metav1.ConditionTrue, reason, fmt.Sprintf(format, args...)}
}

func isFalse(reason, format string, args ...any) *verdict {
	return &verdict{metav1.ConditionFalse, reason, fmt.Sprintf(format, args...)}
}

func isUnknown(reason, format string, args ...any) *verdict {
	return &verdict{metav1.ConditionUnknown, reason, fmt.Sprintf(format, args...)}
}

// conditions of a policy, in the order in which they are shown.
func conditions(f *facts) []metav1.Condition {
	injected := decide(f,
		noPods,             // nothing to inject yet is no failure
		podsWithoutSidecar, // the one that a restart mends comes first
		injectionRefused,   // then the one that needs another pod or policy
		policyConflict,     // then the one that needs another selector
		allInjected,
	)
	database := decide(f,
		databaseFailing,     // one sidecar that cannot write is one too many
		noSidecars,          // nobody to ask
		sidecarsUnreachable, // nobody answers
		databaseNotTried,    // nothing had to be written yet
		databaseReachable,
	)
	synced := decide(f,
		updatesRefused,  // the app is being turned away now
		dataMissing,     // needs a person, and does not mend itself
		recordsParked,   // waits for the database
		recordsBacklog,  // late for a reason unknown
		noSidecars,      // nothing is held
		notAnsweringYet, // nothing is known
		upToDate,
	)
	ready := decide(f,
		namespaceRefused, // nothing else happens then
		invalidSelector,  // as here
		tooManyPolicies,  // pods created now stay bare, until other policies go
		webhookPending,   // or for a moment
		because(v1alpha1.ConditionInjected, injected),
		because(v1alpha1.ConditionDatabaseReachable, database),
		isReady,
	)

	out := make([]metav1.Condition, 0, 4)
	for _, c := range []struct {
		kind string
		verdict
	}{
		{v1alpha1.ConditionReady, ready},
		{v1alpha1.ConditionInjected, injected},
		{v1alpha1.ConditionDatabaseReachable, database},
		{v1alpha1.ConditionSynced, synced},
	} {
		out = append(out, metav1.Condition{
			Type: c.kind, Status: c.status, Reason: c.reason, Message: c.message,
			ObservedGeneration: f.policy.Generation,
			LastTransitionTime: metav1.NewTime(f.now.Truncate(time.Second)),
		})
	}
	return out
}

// because makes a policy not ready for another condition's reason.
func because(kind string, other verdict) check {
	return func(*facts) *verdict {
		if other.status != metav1.ConditionFalse {
			return nil
		}
		return isFalse(other.reason, "%s is False: %s", kind, other.message)
	}
}

func namespaceRefused(f *facts) *verdict {
	if !f.namespaceRefused {
		return nil
	}
	return isFalse(v1alpha1.ReasonNamespaceRefused,
		"no sidecars are added in namespace %s: a webhook on the pods of kube-system or of the operator could keep the cluster from starting; "+
			"move the policy to the namespace of the app", f.policy.Namespace)
}

func invalidSelector(f *facts) *verdict {
	if f.selectorError == nil {
		return nil
	}
	return isFalse(v1alpha1.ReasonInvalidSelector, "%s", f.selectorError)
}

func tooManyPolicies(f *facts) *verdict {
	if f.limit == nil {
		return nil
	}
	return isFalse(v1alpha1.ReasonTooManyPolicies, "%s", f.limit)
}

func webhookPending(f *facts) *verdict {
	if f.installed {
		return nil
	}
	return isFalse(v1alpha1.ReasonWebhookPending,
		"the API server does not call the operator for this policy's pods yet; pods created now get no sidecar")
}

func isReady(f *facts) *verdict {
	if f.pods.matched == 0 {
		return isTrue(v1alpha1.ReasonReady, "pods that match get a sidecar when they are created")
	}
	return isTrue(v1alpha1.ReasonReady, "%d of %d pods have a sidecar", f.pods.injected, f.pods.matched)
}

func noPods(f *facts) *verdict {
	if f.pods.matched > 0 || f.pods.conflicting > 0 {
		return nil
	}
	if f.pods.optedOut > 0 {
		return isUnknown(v1alpha1.ReasonNoPods, "no pod to inject: all %d that match have opted out", f.pods.optedOut)
	}
	return isUnknown(v1alpha1.ReasonNoPods, "no pod matches the selector yet")
}

func podsWithoutSidecar(f *facts) *verdict {
	bare := f.pods.matched - f.pods.injected - f.pods.refused
	if bare <= 0 || f.pods.bare == nil {
		return nil
	}
	return isFalse(v1alpha1.ReasonPodsWithoutSidecar,
		"%d of %d pods have no sidecar: they were created before the policy, or while the operator did not answer; restart them: %s",
		bare, f.pods.matched, restartCommand(f.pods.bare))
}

func injectionRefused(f *facts) *verdict {
	if f.pods.refused == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonInjectionRefused, "%d of %d pods cannot have a sidecar; one of them because %s",
		f.pods.refused, f.pods.matched, f.pods.refusal)
}

func policyConflict(f *facts) *verdict {
	if f.pods.conflicting == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonPolicyConflict,
		"%s selected by policy %s too, which is older and has them; make the selectors differ, or delete one of the policies",
		plural(f.pods.conflicting, "pod is", "pods are"), f.pods.conflict)
}

func allInjected(f *facts) *verdict {
	return isTrue(v1alpha1.ReasonAllInjected, "%d of %d pods have a sidecar", f.pods.injected, f.pods.matched)
}

func noSidecars(f *facts) *verdict {
	if f.sidecars.Asked > 0 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonNoSidecars, "no sidecar runs yet")
}

func sidecarsUnreachable(f *facts) *verdict {
	if f.sidecars.Unreachable == 0 || f.sidecars.Answering > 0 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonSidecarsUnreachable,
		"no sidecar of %d answers the operator; a NetworkPolicy has to let the operator's namespace reach port 9787 of the pods", f.sidecars.Asked)
}

func databaseFailing(f *facts) *verdict {
	if f.sidecars.Failing == 0 {
		return nil
	}
	for _, e := range f.sidecars.Errors {
		if e.Blocking {
			return isFalse(e.Reason, "%s: %s", plural(int32(e.Sidecars), "sidecar", "sidecars"), advice(e.Reason, f.policy))
		}
	}
	return nil
}

func databaseNotTried(f *facts) *verdict {
	if f.sidecars.Tried > 0 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonNotTried, "no sidecar has had to ask the database yet")
}

func databaseReachable(*facts) *verdict {
	return isTrue(v1alpha1.ReasonReachable, "every sidecar that tried can use the database")
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
	return isFalse(v1alpha1.ReasonParked,
		"records are parked after their last retry; none is lost, and they are written when the database answers")
}

// backlogSlack is how much later than its interval a record may be written.
func backlogSlack(interval time.Duration) time.Duration {
	return max(interval/2, 30*time.Second)
}

func recordsBacklog(f *facts) *verdict {
	oldest := f.sidecars.Records.Oldest
	interval := f.policy.Spec.Sync.Interval.Duration
	if oldest.IsZero() || f.now.Sub(oldest) <= interval+backlogSlack(interval) {
		return nil
	}
	return isFalse(v1alpha1.ReasonBacklog, "the oldest record has waited longer than the interval of %s explains", interval)
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
	if f.sidecars.Records.DeadLetters > 0 {
		message += ", but for those that the database refused and that are in quarantine"
	}
	if f.sidecars.Records.Erasures > 0 {
		message += "; learners whose erasure was accepted are not erased from the database yet"
	}
	return isTrue(v1alpha1.ReasonUpToDate, "%s", message)
}

func plural(n int32, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// advice for a reason: what is wrong and what to do next. It is made from the
// policy alone; what a sidecar says in words is not repeated.
func advice(reason string, policy *v1alpha1.ProgressSyncPolicy) string {
	ref := policy.Spec.Database.SecretRef
	secret := fmt.Sprintf("Secret %s, key %s", ref.Name, ref.Key)
	const goesOn = "; updates are kept and written without a restart once it is right"
	switch reason {
	case v1alpha1.ReasonDatabaseUnreachable:
		return "Postgres does not answer; check that it runs, that the address in " + secret + " is right, and that no NetworkPolicy keeps the pods from it; updates are kept"
	case v1alpha1.ReasonCredentialsRefused:
		return "Postgres refuses the user or the password in " + secret + goesOn
	case v1alpha1.ReasonDatabaseMissing:
		return "the database named in " + secret + " does not exist; create it or correct the name" + goesOn
	case v1alpha1.ReasonSchemaMissing:
		if m := policy.Spec.Database.Mapping; m != nil {
			return fmt.Sprintf("the tables are missing or too old, or table %s.%s does not fit database.mapping; the sidecar's log names each mistake, "+
				"and `sidecar migrate --print` what is needed%s", m.Schema, m.Table, goesOn)
		}
		if policy.Spec.Database.Migrations == v1alpha1.MigrationsManual {
			return "the tables are missing or too old, and migrations is Manual; apply what `sidecar migrate --print` prints" + goesOn
		}
		return "the tables are missing or too old and could not be created; let the user in " + secret + " create them, or set migrations to Manual and apply what `sidecar migrate --print` prints" + goesOn
	case v1alpha1.ReasonSchemaTooNew:
		return "the tables are of a newer version than these sidecars; restart the pods with the newer sidecar" + goesOn
	case v1alpha1.ReasonNoPrivilege:
		tables := "the tables of schema progress_sync"
		if m := policy.Spec.Database.Mapping; m != nil {
			tables += fmt.Sprintf(" and on %s.%s", m.Schema, m.Table)
		}
		return "the user in " + secret + " may not do what is needed; grant it SELECT, INSERT, UPDATE and DELETE on " + tables + goesOn
	case v1alpha1.ReasonSecretMissing:
		return fmt.Sprintf("Secret %s or its key %s does not exist in namespace %s; create it with a connection URI%s", ref.Name, ref.Key, policy.Namespace, goesOn)
	case v1alpha1.ReasonSecretInvalid:
		return secret + " holds no usable connection URI (postgresql://user:password@host:5432/database); the sidecar's log says what is wrong with it" + goesOn
	case v1alpha1.ReasonDatabaseOverloaded:
		return "Postgres has no room: connections, memory or disk; fewer maxConnections or a pooler help against the first; updates are kept"
	case v1alpha1.ReasonDatabaseReadOnly:
		return "Postgres is read-only, as a standby is; name the primary in " + secret + ", or add target_session_attrs=read-write" + goesOn
	case v1alpha1.ReasonTableUnusable:
		return "Postgres takes no record, whatever is in it: a trigger, a rule or a policy of the table stands against it, or a sequence of it is used up; the sidecar's log says which, and `sidecar migrate --check` looks" + goesOn
	case v1alpha1.ReasonStaleSpool:
		return "the spool is an old copy: the database holds later batches of it; what it holds is not written; bring back the newest volume, or restart the pod with an empty one"
	case v1alpha1.ReasonRewoundIncomplete:
		return "the database fell back further than the spool reaches, and saved records are missing in it; restore it to a later point, or raise buffer.replayWindow for the next time"
	default:
		return "Postgres answers with an error; the sidecar's log says which; updates are kept"
	}
}
