package operator

import (
	"crypto/tls"
	"fmt"
	"net/http"

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
	"sigs.k8s.io/controller-runtime/pkg/healthz"
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

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=system,resources=leases,resourceNames=progress-sync-operator,verbs=get;update;patch
// +kubebuilder:rbac:groups="",namespace=system,resources=events,verbs=create;patch

func newManager(connection *rest.Config, o *Options, serving *certificate.Serving) (ctrl.Manager, error) {
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
			TLSOpts: []func(*tls.Config){func(c *tls.Config) {
				c.MinVersion = tls.VersionTLS12
				c.GetCertificate = serving.GetCertificate
				// One request a pod needs no HTTP/2, whose resets can be abused.
				c.NextProtos = []string{"http/1.1"}
			}},
		}),
		HealthProbeBindAddress:        o.HealthAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
		// Names are unique here; tests run several operators in one process.
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		return nil, fmt.Errorf("creating the manager: %w", err)
	}
	return mgr, nil
}

// cacheOptions keep in memory only what is looked at.
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
			&admissionv1.MutatingWebhookConfiguration{}: {
				Field:     fields.OneTermEqualSelector("metadata.name", webhookconfig.Name),
				Transform: cache.TransformStripManagedFields(),
			},
		},
	}
}

// addChecks: alive is who answers; ready is who can answer the API server.
func addChecks(mgr ctrl.Manager, serving *certificate.Serving) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	webhookStarted := mgr.GetWebhookServer().StartedChecker()
	err := mgr.AddReadyzCheck("webhook", func(request *http.Request) error {
		if err := serving.Ready(); err != nil {
			return err
		}
		return webhookStarted(request)
	})
	if err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	return nil
}
