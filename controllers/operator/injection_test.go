//go:build envtest

package operator_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestASelectedPodIsInjectedAndAnotherIsNot(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))

	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	want, _ := injection.Inject(restricted(ns, "lms-0", "lms").Build(), policy, injection.Options{Image: sidecarImage}, injection.Surroundings{})
	if len(pod.Spec.InitContainers) != 1 {
		t.Fatalf("init containers: %v", pod.Spec.InitContainers)
	}
	sidecar := pod.Spec.InitContainers[0]
	// What the API server adds of itself.
	sidecar.TerminationMessagePath, sidecar.TerminationMessagePolicy, sidecar.ImagePullPolicy = "", "", ""
	if diff := cmp.Diff(want.Spec.InitContainers[0], sidecar); diff != "" {
		t.Errorf("sidecar (-Inject +API server):\n%s", diff)
	}
	if diff := cmp.Diff(want.Annotations, pod.Annotations); diff != "" {
		t.Errorf("annotations (-Inject +API server):\n%s", diff)
	}
	if diff := cmp.Diff(want.Labels, pod.Labels); diff != "" {
		t.Errorf("labels (-Inject +API server):\n%s", diff)
	}

	other := restricted(ns, "other-0", "other").Build()
	create(t, other)
	elsewhere := restricted(namespace(t), "lms-0", "lms").Build()
	create(t, elsewhere)
	optedOut := restricted(ns, "lms-1", "lms").Annotation(injection.AnnotationInject, "false").Build()
	create(t, optedOut)
	for _, pod := range []*corev1.Pod{other, elsewhere, optedOut} {
		if injection.HasSidecar(pod) {
			t.Errorf("pod %s/%s was injected", pod.Namespace, pod.Name)
		}
	}
}

func TestAPodOnTheHostsNetworkIsLeftAloneAndTold(t *testing.T) {
	ns := unrestricted(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	said := &warnings{}
	config := rest.CopyConfig(adminConfig)
	config.WarningHandler = said
	warned, err := client.New(config, client.Options{Scheme: admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	pod := fixture.NewPod(ns, "lms-0", "lms").HostNetwork().With(func(p *corev1.Pod) { p.UID = "" }).Build()
	if err := warned.Create(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	if injection.HasSidecar(pod) {
		t.Error("it was injected")
	}
	if !strings.Contains(said.text(), "policy lms adds no sidecar to this pod: it uses the host's network") {
		t.Errorf("warnings: %s", said.text())
	}
	if e := event(t, policy, "InjectionRefused"); !strings.Contains(e.Note, "lms-0") || !strings.Contains(e.Note, "HostNetwork") {
		t.Errorf("event: %s", e.Note)
	}
	condition(t, policy, v1alpha1.ConditionInjected, "the pod is refused", reason(v1alpha1.ReasonInjectionRefused))
}

func TestTheOlderOfTwoPoliciesHasThePod(t *testing.T) {
	ns := namespace(t)
	older := installed(t, fixture.NewPolicy(ns, "zebra").Selects("app", "lms"))
	// Creation times have seconds; a policy of the same second would win by name.
	kit.Eventually(t, "the next second", func() error {
		return kit.Unless(time.Now().Unix() > older.CreationTimestamp.Unix(), "not yet")
	})
	younger := installed(t, fixture.NewPolicy(ns, "aardvark").Selects("app", "lms"))

	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	if got := pod.Annotations[injection.AnnotationPolicy]; got != older.Name {
		t.Errorf("policy %q has the pod, want the older one", got)
	}
	conflicted := condition(t, younger, v1alpha1.ConditionInjected, "the older policy has the pod", reason(v1alpha1.ReasonPolicyConflict))
	if s := conflicted.Status.Sidecars; s.Conflicting != 1 || s.Matched != 0 {
		t.Errorf("sidecars of the younger: %+v", s)
	}
	event(t, younger, v1alpha1.ReasonPolicyConflict)
	waitStatus(t, older, "the older counts the pod", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Sidecars.Summary == "1/1" })

	if err := admin.Delete(context.Background(), older); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the younger has new pods once the older is gone", func() error {
		pod := restricted(ns, "next", "lms").With(func(p *corev1.Pod) { p.Name, p.GenerateName = "", "next-" }).Build()
		create(t, pod)
		return kit.Unless(pod.Annotations[injection.AnnotationPolicy] == younger.Name, pod.Annotations[injection.AnnotationPolicy])
	})
}

func TestAPodFromBeforeThePolicyIsCounted(t *testing.T) {
	ns := namespace(t)
	create(t, restricted(ns, "lms-0", "lms").Build())
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	create(t, restricted(ns, "lms-1", "lms").Build())
	got := condition(t, policy, v1alpha1.ConditionInjected, "one of two is bare", func(c *metav1Condition) bool {
		return c.Reason == v1alpha1.ReasonPodsWithoutSidecar && strings.HasPrefix(c.Message, "1 of 2")
	})
	if got.Status.Sidecars.Summary != "1/2" {
		t.Errorf("summary %s", got.Status.Sidecars.Summary)
	}
	event(t, policy, v1alpha1.ReasonPodsWithoutSidecar)

	if err := admin.Delete(context.Background(), &corev1.Pod{ObjectMeta: objectMeta(ns, "lms-0")}, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	condition(t, policy, v1alpha1.ConditionInjected, "the bare one is gone", reason(v1alpha1.ReasonAllInjected))
}
