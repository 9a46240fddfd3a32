package policy

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/injection"
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
		if err := r.Client.List(ctx, &policies, client.InNamespace(policy.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing the namespace's policies: %w", err)
		}
		var all corev1.PodList
		if err := r.Client.List(ctx, &all, client.InNamespace(policy.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing the namespace's pods: %w", err)
		}
		f.pods = sortPods(all.Items, policy, policies.Items, r.Injection, r.Now())
		f.ended = endedAmong(all.Items, policy.Status.Records.Unsaved.CountedPods)
		f.uncreated, f.creationRecent = r.uncreated(ctx, policy, policies.Items, all.Items)
	}
	f.gone = r.gone(client.ObjectKeyFromObject(policy))

	answers := r.Collector.Collect(ctx, client.ObjectKeyFromObject(policy), f.pods.targets)
	known := make([]sidecarstatus.Answer, 0, len(answers))
	for _, target := range f.pods.targets {
		known = append(known, answers[target.Pod])
	}
	f.proxyEndsFirst = proxyEndsFirst(f.pods.last, answers)
	f.sidecars = sidecarstatus.Summarize(known, sidecarstatus.Policy{
		Namespace: policy.Namespace, Name: policy.Name, Generation: policy.Generation, CreatedAt: policy.CreationTimestamp.Time,
	})
	f.now = r.Now()
	return f, nil
}

// uncreated workloads whose pods the policy would have. One that cannot be read
// keeps nothing else from being told.
func (r *Reconciler) uncreated(
	ctx context.Context, policy *v1alpha1.ProgressSyncPolicy, policies []v1alpha1.ProgressSyncPolicy, pods []corev1.Pod,
) (refusals []creation.Refusal, recent bool) {
	found, err := r.Creation.Find(ctx, policy.Namespace, pods)
	if err != nil {
		log.FromContext(ctx).Error(err, "looking for pods that are not created")
	}
	for _, refusal := range found.Refusals {
		pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: refusal.Labels, Annotations: refusal.Annotations}}
		if winner := selection.Winner(policies, pod.Labels); winner != nil && winner.Name == policy.Name && !injection.HasOptedOut(&pod) {
			refusals = append(refusals, refusal)
		}
	}
	return refusals, found.Recent
}

// gone pods of the policy, and what each left.
func (r *Reconciler) gone(policy client.ObjectKey) []gone {
	var out []gone
	for _, pod := range r.Unsaved.Gone(policy) {
		out = append(out, gone{pod, pod.Left(r.Collector.Last(policy, pod.UID).Document)})
	}
	return out
}

// endedAmong are those of the pods counted already that still exist.
func endedAmong(all []corev1.Pod, counted []types.UID) map[types.UID]bool {
	if len(counted) == 0 {
		return nil
	}
	out := map[types.UID]bool{}
	for i := range all {
		if slices.Contains(counted, all[i].UID) {
			out[all[i].UID] = true
		}
	}
	return out
}
