//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/images"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const (
	operatorNamespace = "progress-sync-system"
	release           = "progress-sync"
	lmsImage          = "progress-sync.local/lms:1"
	dbproxyImage      = "progress-sync.local/dbproxy:1"
)

// suite is what all tests share: a cluster with the operator, and a server.
type suite struct {
	cluster *cluster.Cluster
	config  *rest.Config
	client  client.Client
	// proxied asks pods through the API server, which works on any cluster.
	proxied *http.Client
	server  *pgtest.Server
	// host is where pods reach this machine.
	host string
	// operator identifies the operator's image.
	operator string
}

// newSuite returns what it has made even if it fails, so that it can be closed.
func newSuite(ctx context.Context) (*suite, error) {
	o, err := cluster.FromEnvironment(os.Stdout)
	if err != nil {
		return nil, err
	}
	running, err := cluster.Up(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &suite{cluster: running}
	if s.host, err = running.HostAddress(); err != nil {
		return s, err
	}
	if err := s.connect(); err != nil {
		return s, err
	}
	if err := s.load(ctx); err != nil {
		return s, err
	}
	if s.server, err = s.startServer(ctx); err != nil {
		return s, err
	}
	return s, s.install(ctx)
}

func (s *suite) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", s.cluster.Kubeconfig())
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	// The tests ask often; the limit is for controllers.
	config.QPS, config.Burst = 200, 400
	config.WarningHandlerWithContext = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("making the types known: %w", err)
	}
	s.config = config
	if s.client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("connecting to the cluster: %w", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return fmt.Errorf("connecting to the cluster: %w", err)
	}
	s.proxied = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return nil
}

func (s *suite) load(ctx context.Context) error {
	version, err := images.Version(s.cluster.Root)
	if err != nil {
		return err
	}
	builder := images.Builder{Root: s.cluster.Root, Dir: s.cluster.Images(), Out: os.Stdout}
	built, err := builder.Build(ctx, images.Operator(version), images.Sidecar(version),
		images.Image{Ref: lmsImage, Package: "./test/lms", Name: "lms"},
		images.Image{Ref: dbproxyImage, Package: "./test/e2e/dbproxy", Name: "dbproxy"})
	if err != nil {
		return err
	}
	s.operator = built[0].ID
	return s.cluster.Load(ctx, built...)
}

// startServer starts a Postgres that pods can reach, with default durability.
func (s *suite) startServer(ctx context.Context) (*pgtest.Server, error) {
	return pgtest.Start(ctx, pgtest.Options{
		Listen: []string{s.host},
		HBA:    []string{"host all all " + s.cluster.PodNetwork() + " scram-sha-256"},
		Config: []string{"max_connections = 200"},
	})
}

// install installs the operator of the tree, or upgrades to it, and waits
// until it serves.
func (s *suite) install(ctx context.Context) error {
	return s.installChart(ctx, filepath.Join(s.cluster.Root, "charts", "progress-sync"))
}

func (s *suite) installChart(ctx context.Context, chart string, values ...string) error {
	begin := time.Now()
	arguments := []string{"upgrade", "--install", release, chart,
		"--namespace", operatorNamespace, "--create-namespace", "--wait", "--timeout", "2m"}
	// One replica, so that a test can take it away; status in the tests' pace;
	// and new pods for a new image, whose tag stays the same.
	values = append([]string{"replicas=1", "podAnnotations.e2e-image=" + s.operator, "operator.statusInterval=1s", "operator.logLevel=debug"}, values...)
	for _, value := range values {
		arguments = append(arguments, "--set", value)
	}
	if _, err := s.cluster.Helm(ctx, arguments...); err != nil {
		return errors.Join(fmt.Errorf("installing the operator: %w", err), s.operatorState(ctx))
	}
	s.cluster.Say("the operator is installed after %s", time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// operatorState describes the operator, for a failure.
func (s *suite) operatorState(ctx context.Context) error {
	pods, _ := s.cluster.Kubectl(ctx, "-n", operatorNamespace, "get", "pods,events", "-o", "wide")
	logs, _ := s.cluster.Kubectl(ctx, "-n", operatorNamespace, "logs", "--tail=40", "-l", "app.kubernetes.io/component=operator")
	return fmt.Errorf("the operator:\n%s%s", pods, logs)
}

func (s *suite) close(ctx context.Context) error {
	var failures []error
	if s.server != nil {
		failures = append(failures, s.server.Close())
	}
	if s.cluster.Started() {
		failures = append(failures, cluster.Down(ctx, s.cluster.Options))
	}
	return errors.Join(failures...)
}
