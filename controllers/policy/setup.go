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
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// concurrency of policies; a pass waits for sidecars that do not answer.
const concurrency = 4

// Delays from an event to the pass for it. The status of a workload changes a
// moment after the event on it.
const (
	podDelay   = 300 * time.Millisecond
	eventDelay = time.Second
)

// A pass that failed is tried again after these pauses, which double. The last
// one is also how long a namespace waits for its ConfigMap after its quota was
// raised, and its status for the next poll of the sidecars.
const (
	retryFirst = 500 * time.Millisecond
	retryLast  = 30 * time.Second
)

// SetupWithManager registers the reconciler on the leader.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	changed := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	err := ctrl.NewControllerManagedBy(mgr).
		Named("policy").
		// Status writes come here, too: a pass that read the policy from before the
		// last write may have found nothing to correct in it.
		For(&v1alpha1.ProgressSyncPolicy{}).
		Owns(&corev1.ConfigMap{}).
		// A policy may take pods from, or leave them to, the others of its namespace.
		Watches(&v1alpha1.ProgressSyncPolicy{}, handler.EnqueueRequestsFromMapFunc(r.neighbours), changed).
		Watches(&corev1.Pod{}, r.soon(podDelay, r.policiesOfPod, r.observePod), builder.WithPredicates(podChanged())).
		Watches(&corev1.Event{}, r.soon(eventDelay, r.policiesOfEvent, func(client.Object, bool) {})).
		Watches(&admissionv1.MutatingWebhookConfiguration{}, entryChanged()).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: concurrency,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast),
		}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the policy reconciler: %w", err)
	}
	return nil
}

// soon gathers the events of many objects, as a rollout makes them, into one
// pass. Each object is shown to observe first, and whether it was deleted.
func (r *Reconciler) soon(delay time.Duration, policies handler.MapFunc, observe func(object client.Object, deleted bool)) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(ctx context.Context, object client.Object, q queue) {
		for _, request := range policies(ctx, object) {
			q.AddAfter(request, delay)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e ctrlevent.CreateEvent, q queue) {
			observe(e.Object, false)
			add(ctx, e.Object, q)
		},
		UpdateFunc: func(ctx context.Context, e ctrlevent.UpdateEvent, q queue) {
			observe(e.ObjectNew, false)
			// A pod whose labels changed may leave one policy for another.
			add(ctx, e.ObjectOld, q)
			add(ctx, e.ObjectNew, q)
		},
		DeleteFunc: func(ctx context.Context, e ctrlevent.DeleteEvent, q queue) {
			observe(e.Object, true)
			add(ctx, e.Object, q)
		},
	}
}

// observePod remembers one that goes until its policy's status has counted it.
func (r *Reconciler) observePod(object client.Object, deleted bool) {
	if pod, ok := object.(*corev1.Pod); ok {
		r.Unsaved.Observe(pod, deleted)
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

// policiesOfPod are those that select it, and the one that injected it, even if
// that is gone: what is remembered for it has to go, too.
func (r *Reconciler) policiesOfPod(ctx context.Context, pod client.Object) []reconcile.Request {
	injected := pod.GetAnnotations()[injection.AnnotationPolicy]
	out := r.requests(ctx, func(policy *v1alpha1.ProgressSyncPolicy) bool {
		return policy.Name != injected && selection.Selects(policy, pod.GetLabels())
	}, client.InNamespace(pod.GetNamespace()))
	if injected != "" {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKey{Namespace: pod.GetNamespace(), Name: injected}})
	}
	return out
}

// policiesOfEvent on a workload are those of its namespace: which of them selects
// its pods is known when it is read.
func (r *Reconciler) policiesOfEvent(ctx context.Context, object client.Object) []reconcile.Request {
	if event, ok := object.(*corev1.Event); !ok || !creation.Relevant(event) {
		return nil
	}
	return r.requests(ctx, func(*v1alpha1.ProgressSyncPolicy) bool { return true }, client.InNamespace(object.GetNamespace()))
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
