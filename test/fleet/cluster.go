package main

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

const operatorNamespace = "progress-sync"

// patience is how long what must come true may take.
const patience = 5 * time.Minute

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
	webhook, err := port.Free()
	if err != nil {
		return err
	}
	if c.metrics, err = port.FreeAddress(); err != nil {
		return err
	}
	health, err := port.FreeAddress()
	if err != nil {
		return err
	}
	c.operator, err = subject.Start(ctx, filepath.Join(c.dir, "operator.log"), health, binary,
		"--kubeconfig="+kubeconfig, "--namespace="+operatorNamespace, "--sidecar-image=registry.example/sidecar:1",
		"--webhook-port="+strconv.Itoa(webhook), "--webhook-url=https://localhost:"+strconv.Itoa(webhook),
		"--metrics-bind-address="+c.metrics, "--health-probe-bind-address="+health, "--cluster-role=")
	if err != nil {
		return err
	}
	return wait.Until(ctx, patience, "the operator is ready", program.Answers("http://"+health+"/readyz", http.StatusOK))
}

// log is the end of what the operator has logged, for a failure.
func (c *cluster) log() string { return program.Tail(filepath.Join(c.dir, "operator.log")) }

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
