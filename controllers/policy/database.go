package policy

import (
	"slices"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// databaseVerdict: whether every sidecar that tried can use the database.
func databaseVerdict(f *facts) verdict {
	return decide(f,
		databaseFailing,     // one sidecar that cannot write is one too many
		noSidecars,          // nobody to ask
		sidecarsUnreachable, // nobody answers
		databaseNotTried,    // nothing had to be written yet
		databaseReachable,
	)
}

func databaseFailing(f *facts) *verdict {
	return blockedBy(f, func(sidecarstatus.Error) bool { return true })
}

// databaseMisconfigured: what the spec says or names keeps sidecars from
// writing. The others may pass by themselves.
func databaseMisconfigured(f *facts) *verdict {
	return blockedBy(f, func(e sidecarstatus.Error) bool {
		return slices.Contains([]string{
			v1alpha1.ReasonSecretMissing,
			v1alpha1.ReasonSecretInvalid,
			v1alpha1.ReasonCredentialsRefused,
			v1alpha1.ReasonDatabaseMissing,
			v1alpha1.ReasonSchemaMissing,
			v1alpha1.ReasonSchemaTooNew,
			v1alpha1.ReasonNoPrivilege,
			v1alpha1.ReasonTableUnusable,
		}, e.Reason)
	})
}

// blockedBy is the first blocking error of a kind, which most sidecars have.
func blockedBy(f *facts, kind func(sidecarstatus.Error) bool) *verdict {
	for _, e := range f.sidecars.Errors {
		if e.Blocking && kind(e) {
			return isFalse(e.Reason, "%s: %s", plural(int32(e.Sidecars), "sidecar", "sidecars"), advice(e.Reason, f.policy))
		}
	}
	return nil
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

func databaseNotTried(f *facts) *verdict {
	if f.sidecars.Tried > 0 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonNotTried, "no sidecar has had to ask the database yet")
}

func databaseReachable(*facts) *verdict {
	return isTrue(v1alpha1.ReasonReachable, "every sidecar that tried can use the database")
}
