package policy

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/configuration"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// Reconciler of policies.
type Reconciler struct {
	// Client reads from a cache that need hold no more of a pod than StripPod
	// leaves.
	Client    client.Client
	Events    events.EventRecorder
	Collector *sidecarstatus.Collector
	// Entries of the webhook configurations.
	Entries webhookconfig.Reader
	// Injection options of the webhook, to tell which pods are outdated.
	Injection injection.Options
	// OperatorNamespace gets no sidecars.
	OperatorNamespace string
	// StatusInterval between two polls of the sidecars.
	StatusInterval time.Duration
	Now            func() time.Time
}

// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies/status,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile gathers, decides and writes.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var policy v1alpha1.ProgressSyncPolicy
	if err := r.Client.Get(ctx, request.NamespacedName, &policy); apierrors.IsNotFound(err) {
		r.Collector.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading the policy: %w", err)
	}
	if policy.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}

	f, err := r.gather(ctx, &policy)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.writeConfig(ctx, f); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.writeStatus(ctx, f); err != nil {
		if apierrors.IsConflict(err) {
			// The cache is behind; what it lacks comes as an event.
			return ctrl.Result{RequeueAfter: time.Second}, nil
		}
		return ctrl.Result{}, err
	}
	if f.pods.matched == 0 && f.sidecars.Asked == 0 {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: r.StatusInterval}, nil
}

// writeConfig applies the ConfigMap that the sidecars read, where it differs.
func (r *Reconciler) writeConfig(ctx context.Context, f *facts) error {
	if f.namespaceRefused {
		return nil
	}
	file, err := configuration.File(configuration.Of(f.policy, f.pods.spoolLimit))
	if err != nil {
		return err
	}
	var existing corev1.ConfigMap
	err = r.Client.Get(ctx, client.ObjectKey{Namespace: f.policy.Namespace, Name: injection.ConfigMapName(f.policy.Name)}, &existing)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading the policy's ConfigMap: %w", err)
	}
	if err == nil && sameConfigMap(&existing, f.policy, file) {
		return nil
	}
	if err := r.Client.Apply(ctx, configMap(f.policy, file), fieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("applying ConfigMap %s: %w", injection.ConfigMapName(f.policy.Name), err)
	}
	return nil
}

// writeStatus patches the status, where it differs, and tells of what turned.
func (r *Reconciler) writeStatus(ctx context.Context, f *facts) error {
	after := status(f)
	if sameStatus(f.policy.Status, after) {
		return nil
	}
	updated := f.policy.DeepCopy()
	updated.Status = after
	// With the lock, a pass on an old copy cannot turn a condition twice.
	patch := client.MergeFromWithOptions(f.policy, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, updated, patch); err != nil {
		return fmt.Errorf("patching the policy's status: %w", err)
	}
	for _, e := range transitions(f.policy.Status.Conditions, after.Conditions) {
		r.Events.Eventf(f.policy, nil, e.kind, e.reason, e.action, "%s", e.note)
	}
	return nil
}
