package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/lms/control"
)

const (
	namespace   = "campus"
	controlPort = 8080
	statusPort  = 9787
)

// pod is a replica of the LMS with its sidecar.
type pod struct {
	name string
	lms  *control.Client
	// statusURL of the sidecar, by way of the API server.
	statusURL string
	http      *http.Client
}

// findPods returns the replicas of the LMS, which must have a sidecar. They are
// reached through the API server, as on any cluster.
func findPods(ctx context.Context, c *cluster.Cluster) ([]*pod, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	const patience = 30 * time.Second
	proxied := &http.Client{Transport: transport, Timeout: patience}

	text, err := c.Kubectl(ctx, "--namespace", namespace, "get", "pods", "--selector=app=lms",
		"--field-selector=status.phase=Running", "--output=json")
	if err != nil {
		return nil, fmt.Errorf("listing the pods of the LMS: %w", err)
	}
	var list corev1.PodList
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading the pods of the LMS: %w", err)
	}
	var pods []*pod
	for _, p := range list.Items {
		if p.DeletionTimestamp != nil {
			continue
		}
		injected := slices.ContainsFunc(p.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "progress-sync" })
		if !injected {
			return nil, fmt.Errorf("pod %s has no sidecar", p.Name)
		}
		url := func(port int) string {
			return fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy", strings.TrimSuffix(config.Host, "/"), namespace, p.Name, port)
		}
		pods = append(pods, &pod{
			name: p.Name, lms: control.NewClient(url(controlPort), proxied), statusURL: url(statusPort) + "/v1/status", http: proxied,
		})
	}
	if len(pods) != 2 {
		return nil, fmt.Errorf("%d pods of the LMS run, not 2", len(pods))
	}
	return pods, nil
}

func (p *pod) sidecar(ctx context.Context) (status.Document, error) {
	var document status.Document
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.statusURL, nil)
	if err != nil {
		return document, fmt.Errorf("asking the sidecar of %s: %w", p.name, err)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return document, fmt.Errorf("asking the sidecar of %s: %w", p.name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return document, fmt.Errorf("asking the sidecar of %s: %s", p.name, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		return document, fmt.Errorf("reading the status of the sidecar of %s: %w", p.name, err)
	}
	return document, nil
}
