package policy

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
)

// fieldOwner of what the operator applies.
const fieldOwner = client.FieldOwner("progress-sync")

// Labels of the operator's ConfigMaps, by which its cache finds them.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	ManagedBy      = "progress-sync"
)

// configMap with the file, owned by the policy so that it goes with it.
func configMap(policy *v1alpha1.ProgressSyncPolicy, file string) *applycorev1.ConfigMapApplyConfiguration {
	return applycorev1.ConfigMap(injection.ConfigMapName(policy.Name), policy.Namespace).
		WithLabels(map[string]string{LabelManagedBy: ManagedBy, "app.kubernetes.io/name": "progress-sync"}).
		WithOwnerReferences(applymetav1.OwnerReference().
			WithAPIVersion(v1alpha1.GroupVersion.String()).
			WithKind(v1alpha1.Kind).
			WithName(policy.Name).
			WithUID(policy.UID).
			WithController(true)).
		WithData(map[string]string{injection.ConfigKey: file})
}

func sameConfigMap(existing *corev1.ConfigMap, policy *v1alpha1.ProgressSyncPolicy, file string) bool {
	return existing.Data[injection.ConfigKey] == file && metav1.IsControlledBy(existing, policy)
}
