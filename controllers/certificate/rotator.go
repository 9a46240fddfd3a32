package certificate

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// checkEvery is the longest pause between two checks of the certificate: no event
// tells that its end comes near.
const checkEvery = 12 * time.Hour

// Rotator keeps the Secret filled with a certificate that lasts. Only the
// leader runs it, so replicas do not write against each other.
type Rotator struct {
	Client client.Client
	// Secret of the operator's namespace.
	Secret types.NamespacedName
	// Names of the webhook's Service that the certificate is issued for.
	Names     []string
	Lifetimes Lifetimes
	Now       func() time.Time
}

// +kubebuilder:rbac:groups="",namespace=system,resources=secrets,verbs=create
// +kubebuilder:rbac:groups="",namespace=system,resources=secrets,resourceNames=progress-sync-webhook-cert,verbs=get;list;watch;update

// SetupWithManager registers the rotator. It also runs once at the start, for
// the Secret that is not there yet.
func (r *Rotator) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("certificate-rotator").
		Watches(&corev1.Secret{}, only(r.Secret)).
		WatchesRawSource(atStart(r.Secret)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the certificate rotator: %w", err)
	}
	return nil
}

// Reconcile renews what the Secret holds where it does not last.
func (r *Rotator) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	var secret corev1.Secret
	missing := false
	if err := r.Client.Get(ctx, r.Secret, &secret); apierrors.IsNotFound(err) {
		missing = true
		secret = corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: r.Secret.Namespace, Name: r.Secret.Name,
				Labels: map[string]string{"app.kubernetes.io/name": "progress-sync", "app.kubernetes.io/managed-by": "progress-sync"},
			},
			Type: corev1.SecretTypeTLS,
		}
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading Secret %s: %w", r.Secret, err)
	}

	data, changed, err := Renew(secret.Data, r.Names, r.Lifetimes, r.Now())
	if err != nil {
		return ctrl.Result{}, err
	}
	if !changed {
		return ctrl.Result{RequeueAfter: checkEvery}, nil
	}
	secret.Data = data
	if missing {
		err = r.Client.Create(ctx, &secret)
	} else {
		err = r.Client.Update(ctx, &secret)
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		// The cache is behind; the event that brings it up comes here again.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("writing Secret %s: %w", r.Secret, err)
	}
	log.FromContext(ctx).Info("renewed the webhook certificate", "secret", r.Secret.String())
	return ctrl.Result{RequeueAfter: checkEvery}, nil
}

// only maps the events of one object to a request for it, and those of other
// objects to none.
func only(key types.NamespacedName) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, object client.Object) []reconcile.Request {
		if client.ObjectKeyFromObject(object) != key {
			return nil
		}
		return []reconcile.Request{{NamespacedName: key}}
	})
}

// atStart asks for one request when the controller starts.
func atStart(key types.NamespacedName) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		queue.Add(reconcile.Request{NamespacedName: key})
		return nil
	})
}
