package policy

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// readyVerdict: whether the policy can do its work, as far as its spec, or what
// that names, is at fault. What only time or the database mends leaves it True,
// so that an outage does not stop a rollout.
func readyVerdict(f *facts) verdict {
	return decide(f,
		namespaceRefused,      // nothing else happens then
		invalidSelector,       // as here
		tooManyPolicies,       // as here
		configMapConflict,     // sidecars would run somebody else's file
		configMapNotWritten,   // sidecars do not get what the policy says
		webhookPending,        // pods created now would stay bare
		podsNotCreated,        // no pod comes
		injectionRefused,      // some pods never get a sidecar
		policyConflict,        // as here
		sidecarsFailing,       // they have one that does not run
		configurationRefused,  // it runs something else
		settingsUnknown,       // it runs a part of it
		databaseMisconfigured, // it cannot write
		updatesRefused,        // the app is being turned away
		isReady,
	)
}

// healthyVerdict: the reason why a policy is not Ready, or else the first that any
// other condition has to be False. It is not known while no sidecar answers.
func healthyVerdict(f *facts, ready verdict, others ...verdict) verdict {
	for _, v := range append([]verdict{ready}, others...) {
		if v.status == metav1.ConditionFalse {
			return v
		}
	}
	for _, check := range []check{databaseProxyEndsFirst, sidecarsUnreachable} {
		if v := check(f); v != nil {
			return *v
		}
	}
	message := "nothing is wrong that the operator can see"
	if ratio := sampleRatio(f); ratio != nil && ratio.Mismatch {
		message += "; but the variants do not have as many learners as their weights let expect, so that they must not be compared: " +
			"give variants another seed and restart the pods, since learners are counted from a sidecar's start"
	}
	return *isTrue(v1alpha1.ReasonHealthy, "%s", message)
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

func configMapConflict(f *facts) *verdict {
	if f.configMap.holder == "" {
		return nil
	}
	name := f.configMap.name
	return isFalse(v1alpha1.ReasonConfigMapConflict,
		"ConfigMap %s is not this policy's (%s) and is left as it is, so that sidecars have no configuration; "+
			"copy it under another name if it is needed, then kubectl -n %s delete configmap %s; or give the policy another name",
		name, f.configMap.holder, f.policy.Namespace, name)
}

func configMapNotWritten(f *facts) *verdict {
	if f.configMap.err == nil {
		return nil
	}
	name, next := f.configMap.name, "let the namespace's quota and admission policies allow it, and it is written within a minute"
	switch {
	case f.configMap.deleting:
		next = "remove what its finalizers wait for, and it is written anew"
	case f.configMap.immutable:
		next = "it is immutable: kubectl -n " + f.policy.Namespace + " delete configmap " + name + ", and it is written anew within a minute"
	}
	return isFalse(v1alpha1.ReasonConfigMapNotWritten,
		"ConfigMap %s could not be written: %s; sidecars go on with the configuration that they have; %s",
		name, quote(f.configMap.err.Error()), next)
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
