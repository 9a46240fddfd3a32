//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

const (
	sidecarName = "progress-sync"
	writePort   = 8787
	statusPort  = 9787
)

// sidecar asks a pod's sidecar for its state.
func (c *campus) sidecar(pod string) (status.Document, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	var document status.Document
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.podURL(pod, statusPort)+"/v1/status", nil)
	if err != nil {
		return document, err
	}
	response, err := c.proxied.Do(request)
	if err != nil {
		return document, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return document, err
	}
	if response.StatusCode != http.StatusOK {
		return document, fmt.Errorf("the sidecar's status: %s: %s", response.Status, body)
	}
	return document, json.Unmarshal(body, &document)
}

// sidecarStatus is the sidecar's container status in a pod.
func sidecarStatus(pod *corev1.Pod) (corev1.ContainerStatus, error) {
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name == sidecarName {
			return s, nil
		}
	}
	return corev1.ContainerStatus{}, fmt.Errorf("pod %s has no sidecar", pod.Name)
}

// injected objects unless the pod has a sidecar.
func injected(pod *corev1.Pod) error {
	for _, container := range pod.Spec.InitContainers {
		if container.Name == sidecarName {
			return nil
		}
	}
	return fmt.Errorf("pod %s was not injected", pod.Name)
}

// unrestarted objects if a container of the pod was restarted.
func unrestarted(pod *corev1.Pod) error {
	for _, s := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if s.RestartCount > 0 {
			return fmt.Errorf("container %s was restarted %d times", s.Name, s.RestartCount)
		}
	}
	return nil
}

// forward makes the write API of a pod's sidecar reachable from here, through
// the pod's loopback, as it is for the app; until the test ends;
// it returns its address.
func (c *campus) forward(t *testing.T, pod string) string {
	t.Helper()
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s/portforward", c.config.Host, c.namespace, pod)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, request.URL)
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var output bytes.Buffer
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", writePort)}, stop, ready, &output, &output)
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	t.Cleanup(func() {
		close(stop)
		if err := <-ended; err != nil {
			t.Logf("forwarding to pod %s: %v", pod, err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("forwarding to pod %s: %v", pod, err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", ports[0].Local)
}

// post sends a body to the write API and returns the answer.
func (c *campus) post(address, contentType, body string) (status int, header http.Header, answer string) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(content)
}
