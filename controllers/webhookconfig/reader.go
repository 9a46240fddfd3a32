package webhookconfig

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/certificate"
)

// indexByName of the configuration that has a policy, of a cache's policies.
const indexByName = "webhookConfiguration"

// Index the policies of a cache by the configuration that has them.
func Index(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.ProgressSyncPolicy{}, indexByName, func(policy client.Object) []string {
		return []string{NameFor(policy.GetNamespace())}
	})
	if err != nil {
		return fmt.Errorf("indexing policies by their webhook configuration: %w", err)
	}
	return nil
}

// Reader says what the API server was told of a policy.
type Reader struct {
	// Client reads from a cache whose policies are indexed.
	Client client.Reader
	// Server without its CABundle.
	Server Server
	// Secret of the certificate.
	Secret types.NamespacedName
}

// State of a policy's entry.
type State struct {
	// Installed: the API server calls the operator for the policy's pods.
	Installed bool
	// Limit is why the policy gets no entry, nil if it gets one or can have none
	// for another reason.
	Limit *Limit
}

// Of a policy.
func (r Reader) Of(ctx context.Context, policy *v1alpha1.ProgressSyncPolicy) (State, error) {
	server, usable, err := r.server(ctx)
	if err != nil {
		return State{}, err
	}
	var configuration admissionv1.MutatingWebhookConfiguration
	// Up to a megabyte, which is only read.
	err = r.Client.Get(ctx, client.ObjectKey{Name: NameFor(policy.Namespace)}, &configuration, client.UnsafeDisableDeepCopy)
	if client.IgnoreNotFound(err) != nil {
		return State{}, fmt.Errorf("reading the webhook configuration: %w", err)
	}
	if err == nil && entryOf(&configuration, policy) != nil {
		return State{Installed: usable && Installed(&configuration, policy, server)}, nil
	}
	policies, err := r.policies(ctx, NameFor(policy.Namespace))
	if err != nil {
		return State{}, err
	}
	return State{Limit: LimitOf(policy, policies, server)}, nil
}

// server with its CAs, and whether there is a certificate that it can show.
func (r Reader) server(ctx context.Context) (Server, bool, error) {
	var secret corev1.Secret
	if err := r.Client.Get(ctx, r.Secret, &secret); client.IgnoreNotFound(err) != nil {
		return Server{}, false, fmt.Errorf("reading Secret %s: %w", r.Secret, err)
	}
	server := r.Server
	server.CABundle = certificate.CABundle(&secret)
	return server, certificate.Usable(&secret), nil
}

// policies of a configuration. They are the cache's own and must not be changed.
func (r Reader) policies(ctx context.Context, name string) ([]v1alpha1.ProgressSyncPolicy, error) {
	var list v1alpha1.ProgressSyncPolicyList
	if err := r.Client.List(ctx, &list, client.MatchingFields{indexByName: name}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing policies of %s: %w", name, err)
	}
	return list.Items, nil
}
