package operator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/progress-sync/progress-sync/controllers/certificate"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// alivePath that the webhook's own server answers.
const alivePath = "/healthz"

// aliveTimeout of a question to the webhook's own server, the time that the API
// server gives it.
const aliveTimeout = 2 * time.Second

// alive is the root of the webhook's server.
func alive() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+alivePath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return mux
}

// addChecks adds the probes. A replica is alive while it answers the API
// server, or has no certificate to answer with yet. It is ready once it can
// answer and the API server has been told of it.
func addChecks(ctx context.Context, mgr ctrl.Manager, o *Options, certificates *certificate.Serving) error {
	readiness := &webhookconfig.Readiness{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), ClusterRole: o.ClusterRole, CABundle: certificates.CABundle,
	}
	if err := mgr.AddHealthzCheck("webhook", answers(o, certificates)); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	webhookStarted := mgr.GetWebhookServer().StartedChecker()
	for name, check := range map[string]healthz.Checker{
		"shutdown": func(*http.Request) error {
			if ctx.Err() != nil {
				return errors.New("the operator was told to end")
			}
			return nil
		},
		"webhook": func(request *http.Request) error {
			if err := certificates.Ready(); err != nil {
				return err
			}
			return webhookStarted(request)
		},
		"configurations": func(request *http.Request) error { return readiness.Check(request.Context()) },
	} {
		if err := mgr.AddReadyzCheck(name, check); err != nil {
			return fmt.Errorf("adding the readiness check %s: %w", name, err)
		}
	}
	return nil
}

// answers asks the webhook's server over TLS, as the API server does. Before
// there is a certificate it is alive: a restart brings none.
func answers(o *Options, certificates *certificate.Serving) healthz.Checker {
	host := o.WebhookHost
	if host == "" {
		host = "localhost"
	}
	url := "https://" + net.JoinHostPort(host, strconv.Itoa(o.WebhookPort)) + alivePath
	client := &http.Client{
		Timeout: aliveTimeout,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			// Whether the certificate is right is readiness' matter.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it asks itself
		},
	}
	return func(request *http.Request) error {
		if certificates.Ready() != nil {
			return nil
		}
		question, err := http.NewRequestWithContext(request.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("asking the webhook's server: %w", err)
		}
		response, err := client.Do(question)
		if err != nil {
			return fmt.Errorf("asking the webhook's server: %w", err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the webhook's server answers %s", response.Status)
		}
		return nil
	}
}
