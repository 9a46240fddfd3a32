package operator

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/certificate"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/policy"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// leaseName of the leader, in the operator's namespace.
const leaseName = "progress-sync-operator"

// leaseRetry is the pause between two tries to get the lease, to which client-go
// adds up to 1.2 times as much: a lease that was given back is taken within the
// usual ShutdownDelay.
const leaseRetry = time.Second

// Scheme of the objects that the operator handles.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("adding Kubernetes' types: %w", err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("adding the policy's types: %w", err)
	}
	return scheme, nil
}

// newServing returns the manager of what every replica does: it has the cache,
// serves the webhook, the metrics and the probes, and follows the certificate.
func newServing(connection *rest.Config, o *Options, serving *certificate.Serving) (ctrl.Manager, error) {
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(connection, ctrl.Options{
		Scheme:  scheme,
		Logger:  o.Log,
		Cache:   cacheOptions(o),
		Metrics: metricsserver.Options{BindAddress: o.MetricsAddress},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: o.WebhookHost, Port: o.WebhookPort,
			WebhookMux: alive(),
			TLSOpts: []func(*tls.Config){func(c *tls.Config) {
				c.MinVersion = tls.VersionTLS12
				c.GetCertificate = serving.GetCertificate
				// One request a pod needs no HTTP/2, whose resets can be abused.
				c.NextProtos = []string{"http/1.1"}
			}},
		}),
		HealthProbeBindAddress:  o.HealthAddress,
		GracefulShutdownTimeout: ptr.To(servingGrace),
		Controller:              controllers(),
	})
	if err != nil {
		return nil, fmt.Errorf("creating the manager of what serves: %w", err)
	}
	return mgr, nil
}

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=system,resources=leases,resourceNames=progress-sync-operator,verbs=get;update;patch
// +kubebuilder:rbac:groups="",namespace=system,resources=events,verbs=create;patch

// newLeading returns the manager of what only the leader does. It reads from
// the cache of the one that serves, and ends before it.
func newLeading(connection *rest.Config, o *Options, serving ctrl.Manager) (ctrl.Manager, error) {
	mgr, err := ctrl.NewManager(connection, ctrl.Options{
		Scheme: serving.GetScheme(),
		Logger: o.Log,
		NewCache: func(*rest.Config, cache.Options) (cache.Cache, error) {
			return borrowed{serving.GetCache()}, nil
		},
		// The other manager serves the metrics and the probes of the process.
		Metrics:                       metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress:        "0",
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
		RetryPeriod:                   ptr.To(leaseRetry),
		GracefulShutdownTimeout:       ptr.To(leadingGrace),
		Controller:                    controllers(),
	})
	if err != nil {
		return nil, fmt.Errorf("creating the manager of what leads: %w", err)
	}
	return mgr, nil
}

// controllers' options. Names are unique here; tests run several operators in
// one process.
func controllers() config.Controller {
	return config.Controller{SkipNameValidation: ptr.To(true)}
}

// borrowed cache, which another manager runs.
type borrowed struct{ cache.Cache }

// Start waits for the end.
func (borrowed) Start(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// cacheOptions keep in memory only what is read.
func cacheOptions(o *Options) cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:   {Transform: policy.StripPod},
			&corev1.Event{}: {Field: creation.Events(), Transform: creation.StripEvent},
			&corev1.ConfigMap{}: {
				Label:     labels.SelectorFromSet(labels.Set{policy.LabelManagedBy: policy.ManagedBy}),
				Transform: cache.TransformStripManagedFields(),
			},
			&corev1.Secret{}: {
				Namespaces: map[string]cache.Config{o.Namespace: {
					FieldSelector: fields.OneTermEqualSelector("metadata.name", o.CertSecret),
				}},
				Transform: cache.TransformStripManagedFields(),
			},
			// Read as metadata, of which one annotation is needed.
			&corev1.Namespace{}: {Transform: onlyUserRange},
			&corev1.Node{}:      {Transform: onlyStorage},
			&admissionv1.MutatingWebhookConfiguration{}: {
				Label:     webhookconfig.Selector(),
				Transform: cache.TransformStripManagedFields(),
			},
		},
	}
}
