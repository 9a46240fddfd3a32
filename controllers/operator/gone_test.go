//go:build envtest

package operator_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// ends the pod's sidecar with words, as the kubelet reports it, or without.
func ends(t *testing.T, pod *corev1.Pod, message string) {
	t.Helper()
	pod.Status.InitContainerStatuses[0].Ready = false
	pod.Status.InitContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message}}
	if err := admin.Status().Update(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	if err := admin.Delete(context.Background(), pod, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
}

// What a deleted pod had not saved must be counted somewhere: its records are
// gone, and nothing else tells of them.
func TestWhatDeletedPodsHadNotSavedIsCounted(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	var pods []*corev1.Pod
	for _, name := range []string{"lms-0", "lms-1", "lms-2"} {
		pod := restricted(ns, name, "lms").Build()
		create(t, pod)
		sidecars.run(t, pod, healthy(policy))
		pods = append(pods, pod)
	}
	waitStatus(t, policy, "all have answered", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Records.Pending == 15 })

	away := sidecar.Ending{Accepted: 900, Records: 100, Reason: "It is away.", Spool: "/spool"}
	ends(t, pods[0], away.String()+"\n")
	remove(t, pods[0])
	remove(t, pods[1]) // without a word
	ends(t, pods[2], sidecar.Ending{Accepted: 900}.String()+"\n")
	remove(t, pods[2])
	waitStatus(t, policy, "two left something", func(p *v1alpha1.ProgressSyncPolicy) bool {
		return p.Status.Records.Unsaved.Lost == 100 && p.Status.Records.Unsaved.Unknown == 5
	})
	e := event(t, policy, "UnsavedRecords")
	if e.Related == nil || e.Related.Kind != "Pod" || !strings.Contains(e.Note, e.Related.Name) {
		t.Errorf("event: %+v", e)
	}
}

func TestASidecarThatDoesNotStartShows(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	sidecars.run(t, pod, healthy(policy))
	ready(t, policy, "the sidecar runs")
	pod.Status.Phase = corev1.PodPending
	pod.Status.InitContainerStatuses[0].Ready = false
	pod.Status.InitContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "ImagePullBackOff", Message: `Back-off pulling image "registry.invalid/progress-sync/sidecar:0.1.0"`,
	}}
	if err := admin.Status().Update(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	got := notReady(t, policy, v1alpha1.ReasonImageUnavailable, "1 of 1 sidecars", "lms-0", "registry.invalid")
	if s := got.Status.Sidecars; s.Failing != 1 || s.Ready != 0 {
		t.Errorf("sidecars: %+v", s)
	}
	event(t, policy, v1alpha1.ReasonImageUnavailable)
	condition(t, policy, v1alpha1.ConditionSidecarsReady, "it says so", func(c *metav1.Condition) bool {
		return c.Status == metav1.ConditionFalse && c.Reason == v1alpha1.ReasonImageUnavailable
	})
}
