//go:build envtest

package operator_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/operator"
	"github.com/progress-sync/progress-sync/test/apiserver"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

const (
	operatorNamespace = "progress-sync"
	certSecret        = "progress-sync-webhook-cert"
	clusterRole       = "progress-sync-manager-role"
	sidecarImage      = "ghcr.io/progress-sync/sidecar:0.1.0"
)

// The API server, a client that may do everything, and the connection of the
// operator's own account.
var (
	admin           client.Client
	adminConfig     *rest.Config
	operatorAccount *rest.Config
	// firstReplica leads, having started first.
	firstReplica, secondReplica *replica
	service                     *fakeService
	sidecars                    *fakeSidecars
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	environment, err := apiserver.Start(apiserver.WithServiceAccounts)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = environment.Stop() }()
	if err := prepare(environment); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	sidecars, err = startSidecars()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer sidecars.stop()
	service, err = startService()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer service.stop()
	for _, r := range []**replica{&firstReplica, &secondReplica} {
		if *r, err = startReplica(0); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { (*r).stop() }()
	}
	return m.Run()
}

// prepare the cluster as an installation does: the operator's namespace, and an
// account that has the generated roles and nothing else.
func prepare(environment *envtest.Environment) error {
	adminConfig = environment.Config
	scheme, err := operator.Scheme()
	if err != nil {
		return err
	}
	if admin, err = client.New(adminConfig, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	user, err := environment.AddUser(envtest.User{Name: "operator"}, nil)
	if err != nil {
		return err
	}
	operatorAccount = user.Config()
	// As ctrl.GetConfig has it: the API server is fair by itself.
	operatorAccount.QPS = -1
	objects, err := roles()
	if err != nil {
		return err
	}
	objects = append([]client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}}}, objects...)
	for _, object := range objects {
		if err := admin.Create(context.Background(), object); err != nil {
			return err
		}
	}
	return nil
}

// roles of config/rbac, under the names that the kustomization gives them.
func roles() ([]client.Object, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "role.yaml"))
	if err != nil {
		return nil, err
	}
	var cluster rbacv1.ClusterRole
	var namespaced rbacv1.Role
	documents := splitYAML(string(text))
	if len(documents) != 2 {
		return nil, fmt.Errorf("role.yaml holds %d documents", len(documents))
	}
	if err := errors.Join(yaml.UnmarshalStrict([]byte(documents[0]), &cluster), yaml.UnmarshalStrict([]byte(documents[1]), &namespaced)); err != nil {
		return nil, err
	}
	cluster.Name, namespaced.Name, namespaced.Namespace = clusterRole, clusterRole, operatorNamespace
	subjects := []rbacv1.Subject{{Kind: "User", Name: "operator", APIGroup: rbacv1.GroupName}}
	return []client.Object{
		&cluster, &namespaced,
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: clusterRole}, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: clusterRole, Namespace: operatorNamespace}, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: clusterRole},
		},
	}, nil
}

// replica of the operator.
type replica struct {
	webhookPort int
	health      string
	cancel      context.CancelFunc
	done        chan error
	registry    *prometheus.Registry
}

// startReplica runs one in this process, behind the service, that serves on for
// so long once it was told to end.
func startReplica(shutdownDelay time.Duration) (*replica, error) {
	webhook, err := port.Free()
	if err != nil {
		return nil, err
	}
	health, err := port.FreeAddress()
	if err != nil {
		return nil, err
	}
	r := &replica{webhookPort: webhook, health: health, done: make(chan error, 1), registry: prometheus.NewRegistry()}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		r.done <- operator.Run(ctx, rest.CopyConfig(operatorAccount), operator.Options{
			Namespace: operatorNamespace, SidecarImage: sidecarImage, SidecarRunAs: v1alpha1.RunAsAuto,
			WebhookHost: "127.0.0.1", WebhookPort: r.webhookPort,
			WebhookURL:  "https://localhost:" + strconv.Itoa(service.port),
			ServiceName: "progress-sync-webhook",
			CertSecret:  certSecret, CertRotation: true, ClusterRole: clusterRole,
			MetricsAddress: "0", HealthAddress: r.health, LeaderElection: true, ShutdownDelay: shutdownDelay,
			StatusInterval: time.Second, StatusPort: sidecars.port,
			Log: logr.Discard(), Registry: r.registry,
		})
	}()
	if err := r.ready(); err != nil {
		return nil, err
	}
	service.add(r.webhookPort)
	return r, nil
}

// ended says whether the replica has.
func (r *replica) ended() bool {
	select {
	case err := <-r.done:
		r.done <- err
		return true
	default:
		return false
	}
}

// stop waits until the replica has ended.
func (r *replica) stop() {
	service.remove(r.webhookPort)
	r.cancel()
	if err := <-r.done; err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
	}
	r.done <- nil
}

func (r *replica) ready() error {
	return wait.Until(context.Background(), kit.Patience, "the operator is ready", func(ctx context.Context) error {
		select {
		case err := <-r.done:
			return wait.Permanent(fmt.Errorf("it ended: %w", err))
		default:
			return get(ctx, "http://"+r.health+"/readyz")
		}
	})
}
