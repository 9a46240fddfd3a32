package injection

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// template is all that policy and options say of what Inject adds; what pod and
// namespace make of it is no part of it.
type template struct {
	Container   corev1.Container
	Volumes     []corev1.Volume
	PullSecrets []v1alpha1.ImagePullSecret
	Order       v1alpha1.Order
	RunAs       v1alpha1.RunAs
	PeersPort   int32
}

// TemplateHash tells apart what a policy and the operator's options inject.
// Pods that carry another hash are outdated. What reaches running sidecars
// through the ConfigMap is not part of it, but for the size of the spool
// volume.
func TemplateHash(policy *v1alpha1.ProgressSyncPolicy, options Options) string {
	t := template{
		Container:   sidecar(policy, options, corev1.DefaultTerminationGracePeriodSeconds),
		Volumes:     volumes(policy),
		PullSecrets: policy.Spec.Injection.ImagePullSecrets,
		Order:       policyOrder(policy),
		RunAs:       runAs(policy, options),
		PeersPort:   policy.Spec.Peers.Port,
	}
	hash := sha256.New()
	// The types have only fields that encode, so there is no error to handle.
	_ = json.NewEncoder(hash).Encode(t)
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
