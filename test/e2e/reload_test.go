//go:build e2e

package e2e

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

func TestRunningSidecarsFollowANewIntervalAndBatchSizeAndTheStatusShowsWhenAllHave(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply(func(spec *v1alpha1.ProgressSyncPolicySpec) { spec.Sync.Interval.Duration = time.Hour })
	pods := []*corev1.Pod{c.start(c.lmsPod("lms-0")), c.start(c.lmsPod("lms-1"))}
	allFollow := func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			want("the observed generation", p.Status.ObservedGeneration, p.Generation),
			want("the number of configured sidecars", p.Status.Sidecars.Configured, 2),
		)
	}
	c.eventuallyPolicy("both sidecars run the first configuration", allFollow)
	for _, pod := range pods {
		c.learners(pod.Name, 5)
		c.acknowledged(pod.Name, 50)
	}

	policy, err := c.policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := policy.DeepCopy()
	changed.Spec.Sync.Interval = metav1.Duration{Duration: interval}
	changed.Spec.Sync.BatchSize = 50
	if err := c.client.Patch(t.Context(), changed, client.MergeFrom(policy)); err != nil {
		t.Fatal(err)
	}
	if changed.Generation == policy.Generation {
		t.Fatalf("the policy is still of generation %d", changed.Generation)
	}
	c.eventuallyPolicy("both sidecars run the second configuration", allFollow)
	// With an interval of an hour nothing would be saved.
	c.stopAndSave(pods[0].Name, pods[1].Name)
	for _, pod := range pods {
		document, err := c.sidecar(pod.Name)
		if err != nil {
			t.Fatal(err)
		}
		if document.PolicyGeneration != changed.Generation {
			t.Errorf("the sidecar of %s runs generation %d, not %d", pod.Name, document.PolicyGeneration, changed.Generation)
		}
		if err := errors.Join(c.ready(t.Context(), pod), unrestarted(pod)); err != nil {
			t.Error(err)
		}
	}
	c.verify()
}
