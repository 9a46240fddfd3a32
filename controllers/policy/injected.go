package policy

import (
	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// injectedVerdict: whether every pod that the policy selects has its sidecar.
func injectedVerdict(f *facts) verdict {
	return decide(f,
		podsNotCreated,     // nothing can be injected then
		injectionRefused,   // needs another pod or policy
		policyConflict,     // needs another selector
		noPods,             // nothing to inject yet is no failure
		podsWithoutSidecar, // a restart mends it
		allInjected,
	)
}

func podsNotCreated(f *facts) *verdict {
	if len(f.uncreated) == 0 {
		return nil
	}
	first, others := f.uncreated[0], ""
	if n := len(f.uncreated) - 1; n > 0 {
		others = ", nor those of " + plural(int32(n), "other workload", "other workloads")
	}
	return isFalse(v1alpha1.ReasonPodsNotCreated,
		"pods of %s %s are not created%s: %s; "+
			"injection.resources and injection.runAs change the sidecar, the rest is the workload's or the namespace's; once it is allowed, the pods come by themselves",
		first.Kind, first.Name, others, quote(first.Said))
}

func noPods(f *facts) *verdict {
	if f.pods.matched > 0 {
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
