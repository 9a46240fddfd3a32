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
	"github.com/progress-sync/progress-sync/test/kit/wait"
	"github.com/progress-sync/progress-sync/test/lms/control"
)

const (
	namespace   = "campus"
	replicas    = 4
	controlPort = 8080
	statusPort  = 9787
)

// pod is a replica of the LMS with its sidecar.
type pod struct {
	name string
	// statusURL of the sidecar, by way of the API server.
	statusURL string
	http      *http.Client
}

// findPods returns the replicas of the LMS, which must have a sidecar, and who leads
// the learners. All are reached through the API server, as on any cluster.
func findPods(ctx context.Context, c *cluster.Cluster) ([]*pod, *control.Client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	const patience = 30 * time.Second
	proxied := &http.Client{Transport: transport, Timeout: patience}
	url := func(pod string, port int) string {
		return fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy", strings.TrimSuffix(config.Host, "/"), namespace, pod, port)
	}

	lms, err := running(ctx, c, "lms", replicas)
	if err != nil {
		return nil, nil, err
	}
	var pods []*pod
	for _, p := range lms {
		injected := slices.ContainsFunc(p.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "progress-sync" })
		if !injected {
			return nil, nil, fmt.Errorf("pod %s has no sidecar", p.Name)
		}
		pods = append(pods, &pod{name: p.Name, statusURL: url(p.Name, statusPort) + "/v1/status", http: proxied})
	}
	learners, err := running(ctx, c, "learners", 1)
	if err != nil {
		return nil, nil, err
	}
	return pods, control.NewClient(url(learners[0].Name, controlPort), proxied), nil
}

// running are the pods of an app, which must be so many.
func running(ctx context.Context, c *cluster.Cluster, app string, count int) ([]corev1.Pod, error) {
	text, err := c.Kubectl(ctx, "--namespace", namespace, "get", "pods", "--selector=app="+app,
		"--field-selector=status.phase=Running", "--output=json")
	if err != nil {
		return nil, fmt.Errorf("listing the pods of app %s: %w", app, err)
	}
	var list corev1.PodList
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading the pods of app %s: %w", app, err)
	}
	living := slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
	if len(living) != count {
		return nil, fmt.Errorf("%d pods of app %s run, not %d", len(living), app, count)
	}
	return living, nil
}

// waitPeered waits until each sidecar knows all others, so that learners have one
// home from their first update on.
func waitPeered(ctx context.Context, pods []*pod) error {
	const patience = 30 * time.Second
	return wait.Every(ctx, time.Second/4, patience, "the sidecars know each other", func(ctx context.Context) error {
		for _, p := range pods {
			document, err := p.sidecar(ctx)
			if err != nil {
				return err
			}
			if peers := document.Peers; peers == nil || peers.Candidates != len(pods) {
				return fmt.Errorf("pod %s: %+v", p.name, peers)
			}
		}
		return nil
	})
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
