package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/progress-sync/progress-sync/controllers/operator"
	"github.com/progress-sync/progress-sync/test/apiserver"
	"github.com/progress-sync/progress-sync/test/bench/subject"
)

const operatorNamespace = "progress-sync"

// cluster is an API server and the operator's process.
type cluster struct {
	environment *envtest.Environment
	client      client.Client
	config      *rest.Config
	operator    *subject.Process
	dir         string
	metrics     string
}

// startCluster returns what it has started even if it fails, so that it can be
// closed.
func startCluster(ctx context.Context, binary string) (*cluster, error) {
	dir, err := os.MkdirTemp("", "progress-sync-fleet-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the run: %w", err)
	}
	c := &cluster{dir: dir}
	if c.environment, err = apiserver.Start(); err != nil {
		return c, err
	}
	c.config = rest.CopyConfig(c.environment.Config)
	// The limit is for controllers; this client makes a cluster's objects.
	c.config.QPS, c.config.Burst = 2000, 4000
	scheme, err := operator.Scheme()
	if err != nil {
		return c, err
	}
	if c.client, err = client.New(c.config, client.Options{Scheme: scheme}); err != nil {
		return c, fmt.Errorf("connecting to the API server: %w", err)
	}
	if err := c.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}}); err != nil {
		return c, fmt.Errorf("making the operator's namespace: %w", err)
	}
	return c, c.startOperator(ctx, binary)
}

func (c *cluster) startOperator(ctx context.Context, binary string) error {
	kubeconfig := filepath.Join(c.dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, c.environment.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("writing the operator's kubeconfig: %w", err)
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	c.metrics = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[1]))
	health := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[2]))
	c.operator, err = subject.Start(ctx, filepath.Join(c.dir, "operator.log"), health, binary,
		"--kubeconfig="+kubeconfig, "--namespace="+operatorNamespace, "--sidecar-image=registry.example/sidecar:1",
		"--webhook-port="+strconv.Itoa(ports[0]), "--webhook-url=https://localhost:"+strconv.Itoa(ports[0]),
		"--metrics-bind-address="+c.metrics, "--health-probe-bind-address="+health, "--cluster-role=")
	if err != nil {
		return err
	}
	return until(ctx, "the operator is ready", func() error { return c.get("http://" + health + "/readyz") })
}

func (c *cluster) get(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(url + ": " + response.Status)
	}
	return nil
}

// log is the end of what the operator has logged, for a failure.
func (c *cluster) log() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "operator.log"))
	if err != nil {
		return err.Error()
	}
	const enough = 4 << 10
	return string(text[max(0, len(text)-enough):])
}

func (c *cluster) close() error {
	if c == nil {
		return nil
	}
	if c.operator != nil {
		c.operator.Kill()
	}
	var failures []error
	if c.environment != nil {
		failures = append(failures, c.environment.Stop())
	}
	return errors.Join(append(failures, os.RemoveAll(c.dir))...)
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// until waits for what must come true within some minutes, and says at the end
// what stood against it.
func until(ctx context.Context, what string, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
