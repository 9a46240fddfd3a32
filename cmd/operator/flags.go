package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/operator"
)

// flags of the command line.
type flags struct {
	options  operator.Options
	logLevel slog.Level
	version  bool
}

// parse the command line. Usage and mistakes are written to the given writer.
func parse(args []string, environment func(string) string, usage io.Writer) (flags, error) {
	f := flags{options: operator.Options{StatusPort: injection.StatusPort}}
	o := &f.options

	set := flag.NewFlagSet("operator", flag.ContinueOnError)
	set.SetOutput(usage)
	set.StringVar(&o.Namespace, "namespace", environment("POD_NAMESPACE"), "namespace that the operator runs in (default POD_NAMESPACE)")
	set.StringVar(&o.SidecarImage, "sidecar-image", "", "image of the sidecar to inject")
	pullPolicy := set.String("sidecar-image-pull-policy", "", "Always, IfNotPresent or Never (default the kubelet's)")
	runAs := set.String("sidecar-run-as", string(v1alpha1.RunAsAuto), "who chooses the sidecar's user where a policy does not: Auto, Fixed or Assigned")
	set.IntVar(&o.WebhookPort, "webhook-port", 9443, "port that the webhook listens on")
	set.StringVar(&o.ServiceName, "service-name", "progress-sync-webhook", "Service by which the API server reaches the webhook")
	servicePort := set.Int("service-port", 443, "port of that Service")
	set.StringVar(&o.WebhookURL, "webhook-url", "", "URL by which the API server reaches the webhook, in place of the Service, for an operator outside the cluster")
	set.StringVar(&o.CertSecret, "cert-secret", "progress-sync-webhook-cert", "Secret of the webhook's certificate, in the operator's namespace")
	set.BoolVar(&o.CertRotation, "cert-rotation", true, "issue and renew the certificate; false where another, such as cert-manager, writes the Secret")
	set.StringVar(&o.ClusterRole, "cluster-role", "progress-sync-manager-role", "ClusterRole that owns the webhook configurations and the lease, which are removed with it; empty for none")
	set.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8080", "address of the metrics; 0 for none")
	set.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 for none")
	set.BoolVar(&o.LeaderElection, "leader-elect", false, "elect a leader among replicas; the others only serve the webhook")
	set.DurationVar(&o.ShutdownDelay, "shutdown-delay", 5*time.Second, "time that the webhook is served on after SIGTERM, while the cluster forgets this replica; 0s to 5m")
	set.DurationVar(&o.StatusInterval, "status-interval", 10*time.Second, "time between two polls of a policy's sidecars, 1s or more")
	set.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	set.BoolVar(&f.version, "version", false, "print the version and exit")
	config.RegisterFlags(set)
	if err := set.Parse(args); err != nil {
		return flags{}, err
	}
	if set.NArg() > 0 {
		return flags{}, fmt.Errorf("unknown argument %q; operator -h lists the flags", set.Arg(0))
	}
	if *servicePort < 1 || *servicePort > 65535 {
		return flags{}, fmt.Errorf("--service-port must be from 1 to 65535, not %d", *servicePort)
	}
	o.ServicePort = int32(*servicePort)
	o.SidecarImagePullPolicy = corev1.PullPolicy(*pullPolicy)
	o.SidecarRunAs = v1alpha1.RunAs(*runAs)
	return f, nil
}
