package webhookconfig

import (
	"context"
	"fmt"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/controllers/installation"
)

// FieldOwner of what the operator applies.
const FieldOwner = client.FieldOwner("progress-sync")

// Reconciler keeps the configurations in step with the policies and the
// certificate.
type Reconciler struct {
	Reader
	// Writer of the configurations.
	Writer client.Client
	// Live reads the ClusterRole, once in a while, without a cache.
	Live client.Reader
	// ClusterRole that owns the configurations; none if empty.
	ClusterRole string
	Now         func() time.Time

	pace pace
}

// The cache lists and watches all configurations by a label: a rule of RBAC can
// name objects but no labels, a watch can name one object but not sixteen, and
// sixteen caches for what holds no secret would protect nothing. What is written
// is named.
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,verbs=create;list;watch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,resourceNames=progress-sync-00;progress-sync-01;progress-sync-02;progress-sync-03;progress-sync-04;progress-sync-05;progress-sync-06;progress-sync-07;progress-sync-08;progress-sync-09;progress-sync-10;progress-sync-11;progress-sync-12;progress-sync-13;progress-sync-14;progress-sync-15,verbs=get;patch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,resourceNames=progress-sync,verbs=get;patch;delete
// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies,verbs=get;list;watch

// Reconcile applies one configuration, where that changes something. Without a
// certificate it waits: an entry that the API server could not verify would
// only fail.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if request.Name == legacyName {
		return ctrl.Result{}, r.removeLegacy(ctx)
	}
	if wait := r.pace.wait(request.Name, r.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	server, usable, err := r.server(ctx)
	if err != nil || !usable {
		return ctrl.Result{}, err
	}
	policies, err := r.policies(ctx, request.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	owner, err := installation.Owner(ctx, r.Live, r.ClusterRole)
	if err != nil {
		return ctrl.Result{}, err
	}

	wanted := build(request.Name, policies, server, owner)
	var existing admissionv1.MutatingWebhookConfiguration
	err = r.Client.Get(ctx, request.NamespacedName, &existing, client.UnsafeDisableDeepCopy)
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("reading MutatingWebhookConfiguration %s: %w", request.Name, err)
	}
	if err == nil && same(&existing, wanted) {
		return ctrl.Result{}, nil
	}
	apply, err := applicable(wanted)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.Writer.Apply(ctx, apply, FieldOwner, client.ForceOwnership); err != nil {
		return ctrl.Result{}, fmt.Errorf("applying MutatingWebhookConfiguration %s: %w", request.Name, err)
	}
	r.pace.applied(request.Name, len(wanted.Webhooks), r.Now())
	return ctrl.Result{}, nil
}

// removeLegacy deletes the one configuration of an older version once all that
// take its place are there. Until then pods may be sent twice, which injects
// them once.
func (r *Reconciler) removeLegacy(ctx context.Context) error {
	configurations, err := list(ctx, r.Client)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(configurations, func(c admissionv1.MutatingWebhookConfiguration) bool { return c.Name == legacyName }) {
		return nil
	}
	server, usable, err := r.server(ctx)
	if err != nil || !usable {
		return err
	}
	owner, err := installation.Owner(ctx, r.Live, r.ClusterRole)
	if err != nil {
		return err
	}
	// While one is missing, its event comes here again.
	if inPlace(Names(), configurations, owner, server.CABundle) == nil {
		legacy := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: legacyName}}
		if err := r.Writer.Delete(ctx, legacy); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting MutatingWebhookConfiguration %s of an older version: %w", legacyName, err)
		}
	}
	return nil
}
