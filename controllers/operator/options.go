package operator

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// maxShutdownDelay that is still a delay.
const maxShutdownDelay = 5 * time.Minute

// Options of the operator.
type Options struct {
	// Namespace that the operator runs in. Its pods get no sidecars; its
	// certificate and its leader's lease lie there.
	Namespace string
	// SidecarImage that is injected where a policy names none.
	SidecarImage           string
	SidecarImagePullPolicy corev1.PullPolicy
	// SidecarRunAs says who chooses the sidecar's user where a policy does not.
	SidecarRunAs v1alpha1.RunAs

	// WebhookPort that this replica listens on.
	WebhookPort int
	// WebhookHost to listen on, all addresses if empty.
	WebhookHost string
	// ServiceName and ServicePort by which the API server reaches the replicas.
	ServiceName string
	ServicePort int32
	// WebhookURL takes the place of the Service for an operator that runs
	// outside the cluster, such as https://laptop.example:9443. Its host is a
	// name: the certificate is issued for it.
	WebhookURL string
	// CertSecret in Namespace.
	CertSecret string
	// CertRotation is false where somebody else writes CertSecret, such as
	// cert-manager.
	CertRotation bool
	// ClusterRole that owns the webhook configurations and the lease, so that
	// they are removed with it; none if empty.
	ClusterRole string

	MetricsAddress string
	HealthAddress  string
	LeaderElection bool
	// ShutdownDelay from the end of Run's context, when another replica may lead,
	// to the end of the webhook, which is called until the API server's nodes have
	// heard that this replica goes; 0 to 5m.
	ShutdownDelay time.Duration
	// StatusInterval between two polls of a policy's sidecars, 1s or more.
	StatusInterval time.Duration
	// StatusPort of the sidecars.
	StatusPort int

	Log logr.Logger
	// Registry of the metrics.
	Registry prometheus.Registerer
}

// check the options; the error names the flag to correct.
func (o *Options) check() error {
	var problems []error
	if len(validation.IsDNS1123Label(o.Namespace)) > 0 {
		problems = append(problems, fmt.Errorf("--namespace (or POD_NAMESPACE) must be the operator's namespace, not %q", o.Namespace))
	}
	if o.SidecarImage == "" {
		problems = append(problems, errors.New("--sidecar-image must name the image to inject"))
	}
	switch o.SidecarImagePullPolicy {
	case "", corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever:
	default:
		problems = append(problems, fmt.Errorf("--sidecar-image-pull-policy must be Always, IfNotPresent or Never, not %q", o.SidecarImagePullPolicy))
	}
	switch o.SidecarRunAs {
	case v1alpha1.RunAsAuto, v1alpha1.RunAsFixed, v1alpha1.RunAsAssigned:
	default:
		problems = append(problems, fmt.Errorf("--sidecar-run-as must be Auto, Fixed or Assigned, not %q", o.SidecarRunAs))
	}
	if len(validation.IsDNS1123Subdomain(o.CertSecret)) > 0 {
		problems = append(problems, fmt.Errorf("--cert-secret must name a Secret, not %q", o.CertSecret))
	}
	if o.WebhookURL == "" && len(validation.IsDNS1035Label(o.ServiceName)) > 0 {
		problems = append(problems, fmt.Errorf("--service-name must name the webhook's Service, not %q", o.ServiceName))
	}
	if o.WebhookURL != "" && !usableURL(o.WebhookURL) {
		problems = append(problems, fmt.Errorf("--webhook-url must be an https URL with a name as its host, such as https://laptop.example:9443, not %q", o.WebhookURL))
	}
	if o.StatusInterval < time.Second {
		problems = append(problems, fmt.Errorf("--status-interval must be 1s or more, not %s", o.StatusInterval))
	}
	if o.ShutdownDelay < 0 || o.ShutdownDelay > maxShutdownDelay {
		problems = append(problems, fmt.Errorf("--shutdown-delay must be from 0s to %s, not %s", maxShutdownDelay, o.ShutdownDelay))
	}
	return errors.Join(problems...)
}

// usableURL: the API server insists on https, and certificates are issued for
// names, not for addresses.
func usableURL(text string) bool {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" {
		return false
	}
	_, err = netip.ParseAddr(parsed.Hostname())
	return err != nil
}

// certificateNames that the API server may use for the webhook.
func (o *Options) certificateNames() []string {
	names := []string{
		o.ServiceName + "." + o.Namespace + ".svc",
		o.ServiceName + "." + o.Namespace,
		o.ServiceName + "." + o.Namespace + ".svc.cluster.local",
	}
	if outside, err := url.Parse(o.WebhookURL); err == nil && outside.Hostname() != "" {
		names = append(names, outside.Hostname())
	}
	return names
}

func (o *Options) secret() types.NamespacedName {
	return types.NamespacedName{Namespace: o.Namespace, Name: o.CertSecret}
}
