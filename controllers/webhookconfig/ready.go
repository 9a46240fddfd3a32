package webhookconfig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/controllers/installation"
)

// Readiness of a replica: it is ready once the API server has been told of this
// installation, so that waiting for the replicas is waiting for sidecars. The
// leader writes the configurations, ready or not; the others wait for them. A
// replica that is ready stays so: if it left the Service because some
// configuration is behind, the entries that work would go with it.
type Readiness struct {
	// Client reads from a cache.
	Client client.Reader
	// Live reads the ClusterRole without a cache.
	Live        client.Reader
	ClusterRole string
	// CABundle of the certificate that this replica serves.
	CABundle func() []byte

	ready atomic.Bool
}

// Check returns nil once the replica is ready, else what it waits for.
func (r *Readiness) Check(ctx context.Context) error {
	if r.ready.Load() {
		return nil
	}
	owner, err := installation.Owner(ctx, r.Live, r.ClusterRole)
	if err != nil {
		return err
	}
	configurations, err := list(ctx, r.Client)
	if err != nil {
		return err
	}
	bundle := r.CABundle()
	// While an older version leads, as at the begin of an upgrade, its
	// configuration is the one that counts: the leader's replica goes only when
	// this one is ready.
	err = inPlace(Names(), configurations, owner, bundle)
	if err != nil && inPlace([]string{legacyName}, configurations, owner, bundle) != nil {
		return err
	}
	r.ready.Store(true)
	return nil
}

// list the configurations of a cache. They are the cache's own and must not be
// changed.
func list(ctx context.Context, reader client.Reader) ([]admissionv1.MutatingWebhookConfiguration, error) {
	var out admissionv1.MutatingWebhookConfigurationList
	if err := reader.List(ctx, &out, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the webhook configurations: %w", err)
	}
	return out.Items, nil
}

// inPlace returns nil if all configurations of these names are there, are this
// installation's, and have the CAs in every entry of the operator's.
func inPlace(names []string, configurations []admissionv1.MutatingWebhookConfiguration, owner *metav1.OwnerReference, bundle []byte) error {
	for _, name := range names {
		i := slices.IndexFunc(configurations, func(c admissionv1.MutatingWebhookConfiguration) bool { return c.Name == name })
		if i < 0 {
			return fmt.Errorf("the leader has not written webhook configuration %s yet", name)
		}
		if err := current(&configurations[i], owner, bundle); err != nil {
			return fmt.Errorf("webhook configuration %s: %w", name, err)
		}
	}
	return nil
}

func current(configuration *admissionv1.MutatingWebhookConfiguration, owner *metav1.OwnerReference, bundle []byte) error {
	if configuration.DeletionTimestamp != nil {
		return errors.New("it is being deleted")
	}
	if owner != nil && !slices.ContainsFunc(configuration.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == owner.UID }) {
		return errors.New("it is of an installation before this one")
	}
	for name, e := range ownEntries(configuration) {
		if !bytes.Equal(e.ClientConfig.CABundle, bundle) {
			return fmt.Errorf("entry %s does not trust the certificate that this replica serves", name)
		}
	}
	return nil
}
