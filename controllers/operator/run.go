package operator

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/progress-sync/progress-sync/controllers/certificate"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/eviction"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/installation"
	"github.com/progress-sync/progress-sync/controllers/policy"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/unsaved"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// reportingController that events are signed with.
const reportingController = "progresssync.dev/operator"

// How sidecars are asked for their status.
const (
	statusTimeout     = 2 * time.Second
	statusConcurrency = 16
)

// Run the operator until the context ends, and for the delay after it.
func Run(ctx context.Context, connection *rest.Config, options Options) error {
	if err := options.check(); err != nil {
		return err
	}
	certificates := &certificate.Serving{}
	serving, err := newServing(connection, &options, certificates)
	if err != nil {
		return err
	}
	if err := watchForWebhook(ctx, serving); err != nil {
		return err
	}
	if err := webhookconfig.Index(ctx, serving.GetFieldIndexer()); err != nil {
		return err
	}
	leading, err := newLeading(connection, &options, serving)
	if err != nil {
		return err
	}
	for _, add := range []func() error{
		func() error { return addCertificate(serving, leading, &options, certificates) },
		func() error { return addWebhook(ctx, serving, &options) },
		func() error { return addChecks(ctx, serving, &options, certificates) },
		func() error { return addReconcilers(leading, &options) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	if err := runBoth(ctx, serving, leading, options.ShutdownDelay); err != nil {
		return fmt.Errorf("running the operator: %w", err)
	}
	return nil
}

func addCertificate(serving, leading ctrl.Manager, o *Options, certificates *certificate.Serving) error {
	if err := o.Registry.Register(certificate.ExpiryMetric(certificates)); err != nil {
		return fmt.Errorf("registering the certificate's metric: %w", err)
	}
	follower := &certificate.Follower{Client: serving.GetClient(), Secret: o.secret(), Serving: certificates}
	if err := follower.SetupWithManager(serving); err != nil {
		return err
	}
	if !o.CertRotation {
		return nil
	}
	rotator := &certificate.Rotator{
		Client: leading.GetClient(), Secret: o.secret(), Names: o.certificateNames(),
		Lifetimes: certificate.DefaultLifetimes(), Now: time.Now,
	}
	return rotator.SetupWithManager(leading)
}

func addWebhook(ctx context.Context, mgr ctrl.Manager, o *Options) error {
	metrics, err := injection.NewMetrics(o.Registry)
	if err != nil {
		return fmt.Errorf("registering the webhook's metrics: %w", err)
	}
	handler := &injection.Handler{
		Cached: mgr.GetClient(), Live: mgr.GetAPIReader(),
		Options: injectionOptions(o), Metrics: metrics, Now: time.Now,
		Events: mgr.GetEventRecorder(reportingController),
	}
	mgr.GetWebhookServer().Register(injection.PathPattern, closing(ctx, handler.Webhook()))
	return nil
}

func addReconcilers(mgr ctrl.Manager, o *Options) error {
	lease := &installation.LeaseOwner{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), ClusterRole: o.ClusterRole,
		Lease: types.NamespacedName{Namespace: o.Namespace, Name: leaseName},
	}
	if o.LeaderElection {
		if err := mgr.Add(lease); err != nil {
			return fmt.Errorf("adding the owner of the lease: %w", err)
		}
	}
	entries := webhookconfig.Reader{
		Client: mgr.GetClient(), Secret: o.secret(),
		Server: webhookconfig.Server{
			Namespace: o.Namespace, Service: o.ServiceName, Port: o.ServicePort, URL: o.WebhookURL,
		},
	}
	configurations := &webhookconfig.Reconciler{
		Reader: entries, Writer: mgr.GetClient(), Live: mgr.GetAPIReader(),
		ClusterRole: o.ClusterRole, Now: time.Now,
	}
	if err := configurations.SetupWithManager(mgr); err != nil {
		return err
	}
	if err := addPolicies(mgr, o, entries); err != nil {
		return err
	}
	return addEviction(mgr, o, entries)
}

func addEviction(mgr ctrl.Manager, o *Options, entries webhookconfig.Reader) error {
	metrics, err := eviction.NewMetrics(o.Registry)
	if err != nil {
		return fmt.Errorf("registering the evictions' metrics: %w", err)
	}
	reconciler := &eviction.Reconciler{
		Client: mgr.GetClient(), Entries: entries, Events: mgr.GetEventRecorder(reportingController),
		Metrics: metrics, Now: time.Now,
	}
	return reconciler.SetupWithManager(mgr)
}

func addPolicies(mgr ctrl.Manager, o *Options, entries webhookconfig.Reader) error {
	collections := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "progress_sync_operator_status_requests_total",
		Help: "Questions to sidecars for their status, by result: answered, failed.",
	}, []string{"result"})
	for _, collector := range []prometheus.Collector{collections, policy.NewStatusMetrics(mgr.GetClient())} {
		if err := o.Registry.Register(collector); err != nil {
			return fmt.Errorf("registering the status metrics: %w", err)
		}
	}
	reconciler := &policy.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(),
		Events:   mgr.GetEventRecorder(reportingController),
		Creation: &creation.Finder{Events: mgr.GetClient(), Live: mgr.GetAPIReader(), Now: time.Now},
		Unsaved:  &unsaved.Ledger{},
		Collector: sidecarstatus.NewCollector(sidecarstatus.Options{
			Fetcher:     sidecarstatus.NewHTTP(o.StatusPort, statusTimeout),
			Now:         time.Now,
			Interval:    o.StatusInterval,
			Concurrency: statusConcurrency,
			Asked: func(err error) {
				if err != nil {
					collections.WithLabelValues("failed").Inc()
					return
				}
				collections.WithLabelValues("answered").Inc()
			},
		}),
		Entries:           entries,
		Injection:         injectionOptions(o),
		OperatorNamespace: o.Namespace,
		Now:               time.Now,
	}
	return reconciler.SetupWithManager(mgr)
}

func injectionOptions(o *Options) injection.Options {
	return injection.Options{Image: o.SidecarImage, ImagePullPolicy: o.SidecarImagePullPolicy, RunAs: o.SidecarRunAs}
}
