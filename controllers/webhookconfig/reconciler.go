package webhookconfig

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/certificate"
)

// FieldOwner of what the operator applies.
const FieldOwner = client.FieldOwner("progress-sync")

// Reconciler keeps the one configuration in step with the policies and the
// certificate.
type Reconciler struct {
	// Client reads policies and the Secret from a cache.
	Client client.Client
	// Live reads the ClusterRole, once in a while, without a cache.
	Live client.Reader
	// Server without its CABundle.
	Server Server
	// Secret of the certificate.
	Secret types.NamespacedName
	// ClusterRole that owns the configuration; none if empty.
	ClusterRole string
}

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,verbs=create
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,resourceNames=progress-sync,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,resourceNames=progress-sync-manager-role,verbs=get
// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies,verbs=get;list;watch

// SetupWithManager registers the reconciler for every change that the
// configuration may have to follow.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	request := reconcile.Request{NamespacedName: types.NamespacedName{Name: Name}}
	same := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{request}
	})
	err := ctrl.NewControllerManagedBy(mgr).
		Named("webhook-configuration").
		Watches(&v1alpha1.ProgressSyncPolicy{}, same, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Secret{}, same).
		Watches(&admissionv1.MutatingWebhookConfiguration{}, same).
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			queue.Add(request)
			return nil
		})).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the webhook configuration: %w", err)
	}
	return nil
}

// Reconcile applies the configuration. Without a certificate it waits: an entry
// that the API server could not verify would only fail.
func (r *Reconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	var secret corev1.Secret
	if err := r.Client.Get(ctx, r.Secret, &secret); client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("reading Secret %s: %w", r.Secret, err)
	}
	if !certificate.Usable(&secret) {
		return ctrl.Result{}, nil
	}
	var policies v1alpha1.ProgressSyncPolicyList
	if err := r.Client.List(ctx, &policies); err != nil {
		return ctrl.Result{}, fmt.Errorf("listing policies: %w", err)
	}
	owner, err := r.owner(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}

	server := r.Server
	server.CABundle = certificate.CABundle(&secret)
	configuration := Build(policies.Items, server)
	if owner != nil {
		configuration.WithOwnerReferences(owner)
	}
	if err := r.Client.Apply(ctx, configuration, FieldOwner, client.ForceOwnership); err != nil {
		return ctrl.Result{}, fmt.Errorf("applying MutatingWebhookConfiguration %s: %w", Name, err)
	}
	return ctrl.Result{}, nil
}

// owner is the operator's ClusterRole: with it, uninstalling removes the
// configuration too. Without the ClusterRole nothing is applied: an operator
// that is being uninstalled would bring back what the cluster just removed.
func (r *Reconciler) owner(ctx context.Context) (*applymetav1.OwnerReferenceApplyConfiguration, error) {
	if r.ClusterRole == "" {
		return nil, nil
	}
	var role rbacv1.ClusterRole
	err := r.Live.Get(ctx, types.NamespacedName{Name: r.ClusterRole}, &role)
	if apierrors.IsNotFound(err) || (err == nil && role.DeletionTimestamp != nil) {
		return nil, fmt.Errorf("ClusterRole %s, which has to own the webhook configuration, does not exist: "+
			"name the operator's own with --cluster-role, or none to have the configuration stay when the operator is uninstalled", r.ClusterRole)
	}
	if err != nil {
		return nil, fmt.Errorf("reading ClusterRole %s: %w", r.ClusterRole, err)
	}
	return applymetav1.OwnerReference().
		WithAPIVersion(rbacv1.SchemeGroupVersion.String()).
		WithKind("ClusterRole").
		WithName(role.Name).
		WithUID(role.UID), nil
}
