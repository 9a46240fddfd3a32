package eviction

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/selection"
)

// podDelay is the time from a pod's event to the pass for it, so that the many
// events of a rollout make few passes.
const podDelay = time.Second

// SetupWithManager registers the reconciler on the leader.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("eviction").
		For(&v1alpha1.ProgressSyncPolicy{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Pod{}, r.soon()).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the eviction of pods without a sidecar: %w", err)
	}
	return nil
}

// soon asks for the policies of a pod that evict.
func (r *Reconciler) soon() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(ctx context.Context, pod client.Object, q queue) {
		var policies v1alpha1.ProgressSyncPolicyList
		if err := r.Client.List(ctx, &policies, client.InNamespace(pod.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "listing policies for an event")
			return
		}
		for i := range policies.Items {
			policy := &policies.Items[i]
			if evicts(policy) &&
				(pod.GetAnnotations()[injection.AnnotationPolicy] == policy.Name || selection.Selects(policy, pod.GetLabels())) {
				q.AddAfter(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(policy)}, podDelay)
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { add(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { add(ctx, e.ObjectNew, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { add(ctx, e.Object, q) },
	}
}
