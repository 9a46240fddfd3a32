//go:build envtest

package operator_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/kit"
)

// release is what one chart or one commit applies at once: a policy and the
// Deployment that it selects.
type release struct {
	policy     v1alpha1.ProgressSyncPolicy
	deployment appsv1.Deployment
	replicaSet appsv1.ReplicaSet
}

func readRelease(t *testing.T, namespace string) *release {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "gitops-race.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r release
	for i, object := range []client.Object{&r.policy, &r.deployment} {
		if err := yaml.Unmarshal([]byte(splitYAML(string(text))[i]), object); err != nil {
			t.Fatal(err)
		}
		object.SetNamespace(namespace)
	}
	return &r
}

// replica plays the controllers, which envtest lacks: it makes a pod of the
// Deployment.
func (r *release) replica(t *testing.T) *corev1.Pod {
	t.Helper()
	template := r.deployment.Spec.Template
	if r.replicaSet.UID == "" {
		r.replicaSet = appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: r.deployment.Namespace, Name: "lms-1"},
			Spec:       appsv1.ReplicaSetSpec{Replicas: r.deployment.Spec.Replicas, Selector: r.deployment.Spec.Selector, Template: template},
		}
		create(t, &r.replicaSet)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: r.deployment.Namespace, GenerateName: "lms-1-", Labels: template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(&r.replicaSet, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))},
		},
		Spec: template.Spec,
	}
	create(t, pod)
	return pod
}

// runs plays the kubelet.
func runs(t *testing.T, pods ...*corev1.Pod) {
	t.Helper()
	for _, pod := range pods {
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		if err := admin.Status().Update(context.Background(), pod); err != nil {
			t.Fatal(err)
		}
	}
}

// allow plays the disruption controller.
func allow(t *testing.T, budget *policyv1.PodDisruptionBudget, disruptions int32) {
	t.Helper()
	if err := admin.Get(context.Background(), client.ObjectKeyFromObject(budget), budget); err != nil {
		t.Fatal(err)
	}
	budget.Status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: budget.Generation, DisruptionsAllowed: disruptions, CurrentHealthy: 2, DesiredHealthy: 2 - disruptions, ExpectedPods: 2,
	}
	if err := admin.Status().Update(context.Background(), budget); err != nil {
		t.Fatal(err)
	}
}

func left(t *testing.T, pods ...*corev1.Pod) []*corev1.Pod {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool {
		err := admin.Get(context.Background(), client.ObjectKeyFromObject(pod), &corev1.Pod{})
		if client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
		return apierrors.IsNotFound(err)
	})
}

// evictions that the policy tells of, by the pods' names.
func evictions(t *testing.T, policy *v1alpha1.ProgressSyncPolicy) []string {
	t.Helper()
	var list eventsv1.EventList
	if err := admin.List(context.Background(), &list, client.InNamespace(policy.Namespace)); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list.Items {
		if e.Reason == "BarePodEvicted" && e.Related != nil {
			out = append(out, e.Related.Name)
		}
	}
	return out
}

func TestPodsThatWereCreatedTogetherWithTheirPolicyAreRenewedOneByOne(t *testing.T) {
	r := readRelease(t, unrestricted(t))
	r.policy.Spec.Injection.Bare = v1alpha1.BareEvict
	// The pods are a moment earlier than the entry.
	first, second := r.replica(t), r.replica(t)
	if injection.HasSidecar(first) || injection.HasSidecar(second) {
		t.Fatal("the pods are not bare")
	}
	runs(t, first, second)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: objectMeta(r.deployment.Namespace, "lms"),
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: r.deployment.Spec.Selector, MaxUnavailable: ptr.To(intstr.FromInt32(1))},
	}
	create(t, budget)
	allow(t, budget, 0)
	create(t, &r.policy)
	t.Cleanup(func() { _ = admin.Delete(context.Background(), &r.policy) })

	event(t, &r.policy, "EvictionHeldBack")
	if n := len(left(t, first, second)); n != 2 {
		t.Fatalf("%d of 2 pods are left against the budget", n)
	}
	allow(t, budget, 1)
	var remaining []*corev1.Pod
	kit.Eventually(t, "one is evicted", func() error {
		remaining = left(t, first, second)
		return kit.Unless(len(remaining) < 2, "both are left")
	})
	if len(remaining) != 1 {
		t.Fatalf("%d are left", len(remaining))
	}
	allow(t, budget, 1)
	third := r.replica(t)
	if !injection.HasSidecar(third) {
		t.Fatal("the pod in its place is bare")
	}
	waitStatus(t, &r.policy, "the pod in its place is counted", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Sidecars.Summary == "1/2" })
	if len(left(t, remaining...)) != 1 {
		t.Fatal("the second was evicted before the pod in place of the first was ready")
	}
	runs(t, third)
	kit.Eventually(t, "the second is evicted", func() error { return kit.Unless(len(left(t, remaining...)) == 0, "it is left") })
	runs(t, r.replica(t))
	condition(t, &r.policy, v1alpha1.ConditionInjected, "all have their sidecar", reason(v1alpha1.ReasonAllInjected))
	kit.Eventually(t, "the policy tells of both", func() error {
		told := evictions(t, &r.policy)
		return kit.Unless(slices.Contains(told, first.Name) && slices.Contains(told, second.Name), told)
	})
}
