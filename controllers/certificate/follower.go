package certificate

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Follower brings what the Secret holds to the TLS server of this replica.
type Follower struct {
	Client  client.Client
	Secret  types.NamespacedName
	Serving *Serving
}

// SetupWithManager registers the follower on every replica.
func (f *Follower) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("certificate-follower").
		Watches(&corev1.Secret{}, only(f.Secret)).
		WithOptions(controller.Options{NeedLeaderElection: ptr.To(false)}).
		Complete(f)
	if err != nil {
		return fmt.Errorf("setting up the certificate follower: %w", err)
	}
	return nil
}

// Reconcile takes over the Secret's certificate. What was served before is
// served on where the new one is of no use.
func (f *Follower) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	var secret corev1.Secret
	if err := f.Client.Get(ctx, f.Secret, &secret); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	switch err := f.Serving.Set(&secret); {
	case errors.Is(err, ErrNone):
		return ctrl.Result{}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	log.FromContext(ctx).Info("serving the webhook certificate", "notAfter", f.Serving.NotAfter())
	return ctrl.Result{}, nil
}
