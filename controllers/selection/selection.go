package selection

import (
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Selector of a policy. An empty one is an error: the API server refuses such
// policies, and one that got past it must not take every pod.
func Selector(policy *v1alpha1.ProgressSyncPolicy) (labels.Selector, error) {
	spec := policy.Spec.Selector
	if len(spec.MatchLabels) == 0 && len(spec.MatchExpressions) == 0 {
		return labels.Nothing(), errors.New("spec.selector names no label; set matchLabels or matchExpressions")
	}
	selector, err := metav1.LabelSelectorAsSelector(&spec)
	if err != nil {
		return labels.Nothing(), fmt.Errorf("reading spec.selector: %w", err)
	}
	return selector, nil
}

// Selects says whether the policy selects a pod with these labels, leaving
// other policies out of account.
func Selects(policy *v1alpha1.ProgressSyncPolicy, pod map[string]string) bool {
	selector, err := Selector(policy)
	return err == nil && selector.Matches(labels.Set(pod))
}

// Older says whether a goes before b where both select a pod: by creation, and
// by name where that is the same.
func Older(a, b *v1alpha1.ProgressSyncPolicy) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}

// Winner is the oldest of the policies that select a pod with these labels,
// nil if none does. Policies that are being deleted have no pods any more.
func Winner(policies []v1alpha1.ProgressSyncPolicy, pod map[string]string) *v1alpha1.ProgressSyncPolicy {
	var winner *v1alpha1.ProgressSyncPolicy
	for i := range policies {
		policy := &policies[i]
		if policy.DeletionTimestamp != nil || !Selects(policy, pod) {
			continue
		}
		if winner == nil || Older(policy, winner) {
			winner = policy
		}
	}
	return winner
}

// NamespaceRefused says whether policies of a namespace get no sidecars: a
// webhook on the operator's own pods, or on those of kube-system, could keep a
// cluster from coming up.
func NamespaceRefused(namespace, operatorNamespace string) bool {
	return namespace == metav1.NamespaceSystem || namespace == operatorNamespace
}
