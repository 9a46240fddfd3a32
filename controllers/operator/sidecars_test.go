//go:build envtest

package operator_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// fakeSidecars stands in for the kubelet, which envtest lacks: it answers at
// the addresses 127.0.x.y that tests give to pods.
type fakeSidecars struct {
	port   int
	server *http.Server

	mu        sync.Mutex
	next      int
	documents map[string]status.Document
	asked     map[string]int
}

func startSidecars() (*fakeSidecars, error) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	f := &fakeSidecars{
		port: listener.Addr().(*net.TCPAddr).Port, next: 256,
		documents: map[string]status.Document{}, asked: map[string]int{},
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Second}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *fakeSidecars) stop() { _ = f.server.Close() }

func (f *fakeSidecars) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ip := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr).IP.String()
	f.mu.Lock()
	document, ok := f.documents[ip]
	f.asked[ip]++
	f.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(document)
}

// run makes the pod a running one, whose sidecar answers with a document.
func (f *fakeSidecars) run(t *testing.T, pod *corev1.Pod, document status.Document) (ip string) {
	t.Helper()
	f.mu.Lock()
	f.next++
	ip = "127.0." + strconv.Itoa(f.next/256) + "." + strconv.Itoa(f.next%256)
	f.mu.Unlock()
	f.say(ip, document)
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		InitContainerStatuses: []corev1.ContainerStatus{{
			Name: injection.ContainerName, Ready: true, Started: ptr.To(true),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}},
	}
	if err := admin.Status().Update(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	return ip
}

func (f *fakeSidecars) say(ip string, document status.Document) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.documents[ip] = document
}

func (f *fakeSidecars) silence(ip string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.documents, ip)
}

func (f *fakeSidecars) questions(ip string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[ip]
}
