package policy

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// proxyEndsFirst counts, among the sidecars that no native sidecar outlasts,
// those whose Secret names a host on the pod's loopback. What listens there is an
// ordinary container and ends together with the app (KEP-753).
func proxyEndsFirst(last map[types.UID]bool, answers map[types.UID]sidecarstatus.Answer) int32 {
	var n int32
	for pod := range last {
		if answer := answers[pod]; answer.Document != nil && answer.Document.Database.Local {
			n++
		}
	}
	return n
}

func databaseProxyEndsFirst(f *facts) *verdict {
	if f.proxyEndsFirst == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonProxyEndsFirst,
		"%s the database through a proxy of the pod's own that ends together with the app, so that what learners do last stays unsaved; "+
			"make it a native sidecar (an init container with restartPolicy: Always), or name the database itself in Secret %s",
		plural(f.proxyEndsFirst, "sidecar reaches", "sidecars reach"), f.policy.Spec.Database.SecretRef.Name)
}
