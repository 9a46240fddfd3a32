//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

// The node takes no pods for a moment, so this test is not parallel.

func TestDrainingTheNodeLosesNothing(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	// Only the drain can save what comes last.
	c.apply(func(spec *v1alpha1.ProgressSyncPolicySpec) { spec.Sync.Interval.Duration = time.Hour })
	pod := c.start(c.lmsPod("lms-0", func(p *corev1.Pod) { p.Labels["drained"] = c.namespace }))
	c.learners(pod.Name, 30)
	c.acknowledged(pod.Name, 300)
	node := pod.Spec.NodeName
	t.Cleanup(func() {
		if output, err := c.cluster.Kubectl(c.background(), "uncordon", node); err != nil {
			t.Errorf("%v: %s", err, output)
		}
	})
	// The other pods of the only node stay. --force is for a pod without an owner.
	output, err := c.cluster.Kubectl(t.Context(), "drain", node, "--pod-selector=drained="+c.namespace, "--delete-emptydir-data", "--force", "--timeout=90s")
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	kit.EventuallyWithin(t, patience, "the pod is gone", func() error {
		err := c.client.Get(t.Context(), client.ObjectKeyFromObject(pod), pod)
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is still there: %w", errors.Join(err, errors.New(string(pod.Status.Phase))))
		}
		return nil
	})
	c.verify()
}
