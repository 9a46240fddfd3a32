package operator

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/certificate"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/injection"
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

// Run the operator until the context ends.
func Run(ctx context.Context, connection *rest.Config, options Options) error {
	if err := options.check(); err != nil {
		return err
	}
	serving := &certificate.Serving{}
	mgr, err := newManager(connection, &options, serving)
	if err != nil {
		return err
	}
	// The webhook reads policies on every replica, leader or not.
	if _, err := mgr.GetCache().GetInformer(ctx, &v1alpha1.ProgressSyncPolicy{}); err != nil {
		return fmt.Errorf("watching policies (is the CRD installed?): %w", err)
	}
	for _, add := range []func(ctrl.Manager, *Options, *certificate.Serving) error{
		addCertificate, addWebhook, addReconcilers,
	} {
		if err := add(mgr, &options, serving); err != nil {
			return err
		}
	}
	if err := addChecks(mgr, serving); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running the operator: %w", err)
	}
	return nil
}

func addCertificate(mgr ctrl.Manager, o *Options, serving *certificate.Serving) error {
	if err := o.Registry.Register(certificate.ExpiryMetric(serving)); err != nil {
		return fmt.Errorf("registering the certificate's metric: %w", err)
	}
	follower := &certificate.Follower{Client: mgr.GetClient(), Secret: o.secret(), Serving: serving}
	if err := follower.SetupWithManager(mgr); err != nil {
		return err
	}
	if !o.CertRotation {
		return nil
	}
	rotator := &certificate.Rotator{
		Client: mgr.GetClient(), Secret: o.secret(), Names: o.certificateNames(),
		Lifetimes: certificate.DefaultLifetimes(), Now: time.Now,
	}
	return rotator.SetupWithManager(mgr)
}

func addWebhook(mgr ctrl.Manager, o *Options, _ *certificate.Serving) error {
	metrics, err := injection.NewMetrics(o.Registry)
	if err != nil {
		return fmt.Errorf("registering the webhook's metrics: %w", err)
	}
	handler := &injection.Handler{
		Cached: mgr.GetClient(), Live: mgr.GetAPIReader(),
		Options: injectionOptions(o), Metrics: metrics, Now: time.Now,
		Events: mgr.GetEventRecorder(reportingController),
	}
	mgr.GetWebhookServer().Register(injection.PathPattern, handler.Webhook())
	return nil
}

func addReconcilers(mgr ctrl.Manager, o *Options, _ *certificate.Serving) error {
	configuration := &webhookconfig.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(),
		Server: webhookconfig.Server{
			Namespace: o.Namespace, Service: o.ServiceName, Port: o.ServicePort, URL: o.WebhookURL,
		},
		Secret: o.secret(), ClusterRole: o.ClusterRole,
	}
	if err := configuration.SetupWithManager(mgr); err != nil {
		return err
	}

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
			MinInterval: o.StatusInterval / 2,
			Concurrency: statusConcurrency,
			Asked: func(err error) {
				if err != nil {
					collections.WithLabelValues("failed").Inc()
					return
				}
				collections.WithLabelValues("answered").Inc()
			},
		}),
		Injection:         injectionOptions(o),
		OperatorNamespace: o.Namespace,
		StatusInterval:    o.StatusInterval,
		Now:               time.Now,
	}
	return reconciler.SetupWithManager(mgr)
}

func injectionOptions(o *Options) injection.Options {
	return injection.Options{Image: o.SidecarImage, ImagePullPolicy: o.SidecarImagePullPolicy}
}
