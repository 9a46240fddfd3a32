//go:build e2e

package e2e

import (
	"errors"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

// The tests of this file take the operator away, so they are not parallel: the
// others wait for them.

func TestWhileTheOperatorIsDownPodsStartAndAreCountedOnceItIsBack(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	c.scaleOperator(0)
	back := false
	t.Cleanup(func() {
		if !back {
			c.scaleOperator(1)
		}
	})

	elsewhere := c.start(c.bare("elsewhere", func(p *corev1.Pod) { p.Labels["app"] = "something-else" }))
	if err := injected(elsewhere); err == nil {
		t.Error("a pod that no policy selects was injected")
	}
	selected := c.start(c.bare("selected"))
	if err := injected(selected); err == nil {
		t.Error("a pod was injected without an operator")
	}

	c.scaleOperator(1)
	back = true
	c.eventuallyPolicy("the bare pod is counted", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			want("the number of matched pods", p.Status.Sidecars.Matched, 1),
			want("the number of injected pods", p.Status.Sidecars.Injected, 0),
			condition(p, v1alpha1.ConditionInjected, metav1.ConditionFalse, v1alpha1.ReasonPodsWithoutSidecar),
			condition(p, v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonPodsWithoutSidecar),
		)
	})
	// The status is the leader's; the API server must reach the webhook, too.
	c.eventuallyInjected()
	after := c.start(c.lmsPod("after"))
	if err := injected(after); err != nil {
		t.Error(err)
	}
}

func TestAfterHelmUninstallNoWebhookConfigurationIsLeft(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	configurations := func() int {
		t.Helper()
		var list admissionv1.MutatingWebhookConfigurationList
		if err := c.client.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	if configurations() == 0 {
		t.Fatal("there is no webhook configuration before the operator is uninstalled")
	}
	t.Cleanup(func() {
		if err := c.install(c.background()); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := c.cluster.Helm(t.Context(), "uninstall", release, "--namespace", operatorNamespace, "--wait"); err != nil {
		t.Fatal(err)
	}
	kit.EventuallyWithin(t, patience, "the webhook configuration is gone", func() error {
		return want("the number of webhook configurations", configurations(), 0)
	})
	pod := c.start(c.bare("afterwards"))
	if err := injected(pod); err == nil {
		t.Error("a pod was injected without an operator")
	}
}

// bare is a pod of the LMS that does without a sidecar.
func (c *campus) bare(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	return c.lmsPod(name, append(changes, func(p *corev1.Pod) {
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env, corev1.EnvVar{Name: "PROGRESS_SYNC_URL", Value: "http://127.0.0.1:8787"})
	})...)
}

// scaleOperator sets the number of the operator's pods and waits until so many
// are ready, and no others are there.
func (c *campus) scaleOperator(replicas int32) {
	c.t.Helper()
	ctx := c.background()
	deployment := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: operatorNamespace, Name: release}
	if err := c.client.Get(ctx, key, deployment); err != nil {
		c.t.Fatal(err)
	}
	changed := deployment.DeepCopy()
	changed.Spec.Replicas = ptr.To(replicas)
	if err := c.client.Patch(ctx, changed, client.MergeFrom(deployment)); err != nil {
		c.t.Fatal(err)
	}
	kit.EventuallyWithin(c.t, patience, "the operator is scaled", func() error {
		if err := c.client.Get(ctx, key, deployment); err != nil {
			return err
		}
		pods, err := c.operatorPods()
		return errors.Join(err,
			want("the number of the operator's ready pods", deployment.Status.ReadyReplicas, replicas),
			want("the number of the operator's pods", len(pods), int(replicas)),
		)
	})
}

// operatorPods are all of the operator's, those that are ending among them.
func (c *campus) operatorPods() ([]corev1.Pod, error) {
	var list corev1.PodList
	err := c.client.List(c.background(), &list, client.InNamespace(operatorNamespace))
	return list.Items, err
}
