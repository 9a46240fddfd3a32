package policy

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// gather everything that a decision rests on: cached objects, and the answers
// of the policy's sidecars.
func (r *Reconciler) gather(ctx context.Context, policy *v1alpha1.ProgressSyncPolicy) (*facts, error) {
	f := &facts{
		policy:           policy,
		namespaceRefused: selection.NamespaceRefused(policy.Namespace, r.OperatorNamespace),
	}
	_, f.selectorError = selection.Selector(policy)

	entry, err := r.Entries.Of(ctx, policy)
	if err != nil {
		return nil, err
	}
	f.installed, f.limit = entry.Installed, entry.Limit

	if !f.namespaceRefused {
		var policies v1alpha1.ProgressSyncPolicyList
		if err := r.Client.List(ctx, &policies, client.InNamespace(policy.Namespace)); err != nil {
			return nil, fmt.Errorf("listing the namespace's policies: %w", err)
		}
		var all corev1.PodList
		if err := r.Client.List(ctx, &all, client.InNamespace(policy.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing the namespace's pods: %w", err)
		}
		f.pods = sortPods(all.Items, policy, policies.Items, r.Injection)
	}

	answers := r.Collector.Collect(ctx, client.ObjectKeyFromObject(policy), f.pods.targets)
	known := make([]sidecarstatus.Answer, 0, len(answers))
	for _, target := range f.pods.targets {
		known = append(known, answers[target.Pod])
	}
	f.sidecars = sidecarstatus.Summarize(known, sidecarstatus.Policy{
		Namespace: policy.Namespace, Name: policy.Name, Generation: policy.Generation,
	})
	f.now = r.Now()
	return f, nil
}
