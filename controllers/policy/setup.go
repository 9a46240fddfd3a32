package policy

import (
	"context"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	ctrlevent "sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// concurrency of policies; a pass waits for sidecars that do not answer.
const concurrency = 4

// podDelay from a pod's event to the pass that it asks for.
const podDelay = 300 * time.Millisecond

// SetupWithManager registers the reconciler on the leader.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	changed := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	err := ctrl.NewControllerManagedBy(mgr).
		Named("policy").
		For(&v1alpha1.ProgressSyncPolicy{}, changed).
		Owns(&corev1.ConfigMap{}).
		// A policy may take pods from, or leave them to, the others of its namespace.
		Watches(&v1alpha1.ProgressSyncPolicy{}, handler.EnqueueRequestsFromMapFunc(r.neighbours), changed).
		Watches(&corev1.Pod{}, r.soon(r.policiesOfPod), builder.WithPredicates(podChanged())).
		Watches(&admissionv1.MutatingWebhookConfiguration{}, entryChanged()).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the policy reconciler: %w", err)
	}
	return nil
}

// soon gathers the events of many pods, as a rollout makes them, into one pass.
func (r *Reconciler) soon(policies handler.MapFunc) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(ctx context.Context, object client.Object, q queue) {
		for _, request := range policies(ctx, object) {
			q.AddAfter(request, podDelay)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e ctrlevent.CreateEvent, q queue) { add(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e ctrlevent.UpdateEvent, q queue) {
			// A pod whose labels changed may leave one policy for another.
			add(ctx, e.ObjectOld, q)
			add(ctx, e.ObjectNew, q)
		},
		DeleteFunc: func(ctx context.Context, e ctrlevent.DeleteEvent, q queue) { add(ctx, e.Object, q) },
	}
}

// podChanged lets through what changes a decision. Pods change often in ways
// that StripPod does not keep.
func podChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e ctrlevent.UpdateEvent) bool {
		before, after := e.ObjectOld.DeepCopyObject().(*corev1.Pod), e.ObjectNew.DeepCopyObject().(*corev1.Pod)
		before.ResourceVersion, after.ResourceVersion = "", ""
		return !equality.Semantic.DeepEqual(before, after)
	}}
}

func (r *Reconciler) neighbours(ctx context.Context, object client.Object) []reconcile.Request {
	return r.requests(ctx, func(policy *v1alpha1.ProgressSyncPolicy) bool {
		return policy.Name != object.GetName()
	}, client.InNamespace(object.GetNamespace()))
}

func (r *Reconciler) policiesOfPod(ctx context.Context, pod client.Object) []reconcile.Request {
	return r.requests(ctx, func(policy *v1alpha1.ProgressSyncPolicy) bool {
		return pod.GetAnnotations()[injection.AnnotationPolicy] == policy.Name || selection.Selects(policy, pod.GetLabels())
	}, client.InNamespace(pod.GetNamespace()))
}

// entryChanged asks for the policies whose entries a webhook configuration
// gained, lost or changed, and for no others: each holds those of hundreds.
func entryChanged() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(before, after client.Object, q queue) {
		was, _ := before.(*admissionv1.MutatingWebhookConfiguration)
		is, _ := after.(*admissionv1.MutatingWebhookConfiguration)
		for _, policy := range webhookconfig.Changed(was, is) {
			q.Add(reconcile.Request{NamespacedName: policy})
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e ctrlevent.CreateEvent, q queue) { add(nil, e.Object, q) },
		UpdateFunc: func(_ context.Context, e ctrlevent.UpdateEvent, q queue) { add(e.ObjectOld, e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e ctrlevent.DeleteEvent, q queue) { add(e.Object, nil, q) },
	}
}

// requests for those cached policies that are wanted.
func (r *Reconciler) requests(ctx context.Context, wanted func(*v1alpha1.ProgressSyncPolicy) bool, options ...client.ListOption) []reconcile.Request {
	var policies v1alpha1.ProgressSyncPolicyList
	if err := r.Client.List(ctx, &policies, options...); err != nil {
		log.FromContext(ctx).Error(err, "listing policies for an event")
		return nil
	}
	var out []reconcile.Request
	for i := range policies.Items {
		if policy := &policies.Items[i]; wanted(policy) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(policy)})
		}
	}
	return out
}
