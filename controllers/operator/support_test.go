//go:build envtest

package operator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

func splitYAML(text string) []string {
	var out []string
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		if strings.TrimSpace(document) != "" {
			out = append(out, document)
		}
	}
	return out
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// namespace for one test, under the restricted profile.
func namespace(t *testing.T) string {
	t.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "campus-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	return createNamespace(t, object)
}

// unrestricted namespace, for pods that no profile would accept.
func unrestricted(t *testing.T) string {
	t.Helper()
	return createNamespace(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "open-"}})
}

// createNamespace with the account that a controller makes in a whole cluster.
func createNamespace(t *testing.T, object *corev1.Namespace) string {
	t.Helper()
	create(t, object)
	create(t, &corev1.ServiceAccount{ObjectMeta: objectMeta(object.Name, "default")})
	return object.Name
}

func create(t *testing.T, object client.Object) {
	t.Helper()
	if err := admin.Create(context.Background(), object); err != nil {
		t.Fatal(err)
	}
}

// installed creates the policy and waits until the API server calls the operator
// for its pods; the policy goes at the end of the test.
func installed(t *testing.T, policy *fixture.Policy) *v1alpha1.ProgressSyncPolicy {
	t.Helper()
	object := policy.ForAPIServer()
	create(t, object)
	t.Cleanup(func() { _ = admin.Delete(context.Background(), object) })
	return condition(t, object, v1alpha1.ConditionReady, "pods created now get a sidecar", func(c *metav1.Condition) bool {
		return c.Reason != v1alpha1.ReasonWebhookPending
	})
}

// waitStatus waits until the policy's status is as wanted.
func waitStatus(t *testing.T, policy client.Object, what string, want func(*v1alpha1.ProgressSyncPolicy) bool) *v1alpha1.ProgressSyncPolicy {
	t.Helper()
	var object v1alpha1.ProgressSyncPolicy
	kit.Eventually(t, what, func() error {
		if err := admin.Get(context.Background(), client.ObjectKeyFromObject(policy), &object); err != nil {
			return err
		}
		return kit.Unless(object.Status.ObservedGeneration == object.Generation && want(&object), object.Status)
	})
	return &object
}

func condition(t *testing.T, policy client.Object, kind, what string, want func(*metav1.Condition) bool) *v1alpha1.ProgressSyncPolicy {
	t.Helper()
	return waitStatus(t, policy, kind+": "+what, func(p *v1alpha1.ProgressSyncPolicy) bool {
		c := meta.FindStatusCondition(p.Status.Conditions, kind)
		return c != nil && want(c)
	})
}

func reason(want string) func(*metav1.Condition) bool {
	return func(c *metav1.Condition) bool { return c.Reason == want }
}

// event waits for an event about the policy.
func event(t *testing.T, policy *v1alpha1.ProgressSyncPolicy, reason string) eventsv1.Event {
	t.Helper()
	var found eventsv1.Event
	kit.Eventually(t, "event "+reason, func() error {
		var list eventsv1.EventList
		if err := admin.List(context.Background(), &list, client.InNamespace(policy.Namespace)); err != nil {
			return err
		}
		var seen []string
		for _, e := range list.Items {
			seen = append(seen, e.Reason)
			if e.Regarding.Name == policy.Name && e.Reason == reason {
				found = e
				return nil
			}
		}
		return errors.New(strings.Join(seen, ", "))
	})
	return found
}

// notesOf the events about the policy.
func notesOf(t *testing.T, policy *v1alpha1.ProgressSyncPolicy, reason string) []string {
	t.Helper()
	var list eventsv1.EventList
	if err := admin.List(context.Background(), &list, client.InNamespace(policy.Namespace)); err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range list.Items {
		if e := &list.Items[i]; e.Regarding.Name == policy.Name && e.Reason == reason {
			out = append(out, e.Note)
		}
	}
	return out
}

// restricted is a pod that the restricted profile accepts.
func restricted(namespace, name, app string) *fixture.Pod {
	return fixture.NewPod(namespace, name, app).With(func(p *corev1.Pod) {
		p.UID = ""
		p.Spec.SecurityContext = &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](1000),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		}
		p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		}
	})
}

// warnings of the API server.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, text)
}

func (w *warnings) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.said, "\n")
}
