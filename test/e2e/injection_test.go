//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestANamespaceThatEnforcesTheRestrictedProfileAcceptsInjectedPods(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	// The profile is enforced: a pod that breaks it is refused.
	loose := c.lmsPod("loose", func(p *corev1.Pod) { p.Spec.SecurityContext = nil })
	if err := c.client.Create(t.Context(), loose); err == nil || !strings.Contains(err.Error(), "restricted") {
		t.Fatalf("a pod that breaks the restricted profile: %v", err)
	}
	pod := c.start(c.lmsPod("lms-0"))
	if err := injected(pod); err != nil {
		t.Fatal(err)
	}
	c.eventuallyPolicy("the pod is counted", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(want("the number of injected pods", p.Status.Sidecars.Injected, 1),
			condition(p, v1alpha1.ConditionInjected, metav1.ConditionTrue, v1alpha1.ReasonAllInjected))
	})
	c.learners(pod.Name, 5)
	c.acknowledged(pod.Name, 50)
	c.stopAndSave(pod.Name)
	c.verify()
}

func TestAHostNetworkPodIsLeftAloneWithAnEvent(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.allowPrivileged()
	c.storeSecret(c.uri())
	c.apply()
	pod := c.lmsPod("on-the-host", func(p *corev1.Pod) {
		p.Spec.HostNetwork = true
		p.Spec.Containers[0].ReadinessProbe = nil
		// Nobody listens there; the pod only has to run.
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env,
			corev1.EnvVar{Name: "PROGRESS_SYNC_URL", Value: "http://127.0.0.1:1"}, corev1.EnvVar{Name: "LISTEN", Value: "127.0.0.1:0"})
	})
	c.start(pod)
	if err := injected(pod); err == nil {
		t.Fatal("a pod on the host's network was injected")
	}
	kit.EventuallyWithin(t, patience, "an event tells why", func() error {
		var events corev1.EventList
		if err := c.client.List(t.Context(), &events, client.InNamespace(c.namespace)); err != nil {
			return err
		}
		for _, event := range events.Items {
			if event.Type == corev1.EventTypeWarning && strings.Contains(event.Message, "host") && strings.Contains(event.Message, "network") {
				return nil
			}
		}
		return fmt.Errorf("%d events, none about the host's network", len(events.Items))
	})
	c.eventuallyPolicy("the pod is counted as refused", func(p *v1alpha1.ProgressSyncPolicy) error {
		return want("the number of refused pods", p.Status.Sidecars.Refused, 1)
	})
}

// allowPrivileged lifts the restricted profile from the campus's namespace.
func (c *campus) allowPrivileged() {
	c.t.Helper()
	namespace := &corev1.Namespace{}
	if err := c.client.Get(c.t.Context(), client.ObjectKey{Name: c.namespace}, namespace); err != nil {
		c.t.Fatal(err)
	}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "privileged"
	if err := c.client.Update(c.t.Context(), namespace); err != nil {
		c.t.Fatal(err)
	}
}
