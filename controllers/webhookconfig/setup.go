package webhookconfig

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// concurrency of the configurations; an apply of a large one takes a while.
const concurrency = 4

// SetupWithManager registers the reconciler for every change that a
// configuration may have to follow. All of them are compared once at the
// start: they exist without policies, too.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("webhook-configuration").
		Watches(&v1alpha1.ProgressSyncPolicy{}, soon(func(policy client.Object) []string {
			return []string{NameFor(policy.GetNamespace())}
		}), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Secret{}, soon(func(client.Object) []string { return Names() })).
		Watches(&admissionv1.MutatingWebhookConfiguration{}, soon(func(configuration client.Object) []string {
			if name := configuration.GetName(); slices.Contains(Names(), name) {
				return []string{name, legacyName}
			}
			return []string{legacyName}
		})).
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			for _, name := range Names() {
				queue.Add(requestFor(name))
			}
			return nil
		})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the webhook configurations: %w", err)
	}
	return nil
}

// soon asks for the configurations that an event concerns, once for those that
// come together.
func soon(names func(client.Object) []string) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(object client.Object, q queue) {
		for _, name := range names(object) {
			q.AddAfter(requestFor(name), debounce)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { add(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { add(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { add(e.Object, q) },
	}
}

func requestFor(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}
}
