//go:build e2e

package e2e

import (
	"errors"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// The operator is replaced, so this test is not parallel.

// An operator is upgraded, and taken back, while pods of both versions serve
// learners: whatever operator there is, the sidecars of both go on, and write to
// the tables that the newer one has made.
func TestAnUpgradeOfTheOperatorAndTheWayBackLoseNothing(t *testing.T) {
	c := newCampus(t)
	root, err := c.loadPrevious(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.install(c.background()); err != nil {
			t.Error(err)
		}
	})
	before := func() {
		t.Helper()
		if err := c.installChart(t.Context(), filepath.Join(root, "charts", "progress-sync"),
			"image.tag="+previousTag, "sidecar.image.tag="+previousTag); err != nil {
			t.Fatal(err)
		}
		c.eventuallyImage(previousTag)
	}
	after := func() {
		t.Helper()
		if err := c.install(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.eventuallyImage("")
	}
	c.storeSecret(c.uri())
	var pods []*corev1.Pod
	study := func(name string) {
		t.Helper()
		c.eventuallyInjected()
		pod := c.start(c.lmsPod(name))
		if err := injected(pod); err != nil {
			t.Fatal(err)
		}
		pods = append(pods, pod)
		c.learners(pod.Name, 10)
	}
	everyoneGoesOn := func() {
		t.Helper()
		for _, pod := range pods {
			c.acknowledged(pod.Name, 100)
			if err := errors.Join(c.ready(t.Context(), pod), unrestarted(pod)); err != nil {
				t.Error(err)
			}
		}
	}
	counted := func(outdated int32) {
		t.Helper()
		c.eventuallyPolicy("the policy knows the pods of both versions", func(p *v1alpha1.ProgressSyncPolicy) error {
			return errors.Join(
				want("the number of injected pods", p.Status.Sidecars.Injected, int32(len(pods))),
				want("the number of outdated pods", p.Status.Sidecars.Outdated, outdated),
				condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
				condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionTrue, ""),
			)
		})
	}

	before()
	c.apply()
	study("before")
	everyoneGoesOn()

	after()
	everyoneGoesOn()
	study("after")
	everyoneGoesOn()
	counted(1)

	before()
	everyoneGoesOn()
	study("back")
	everyoneGoesOn()
	counted(1)

	after()
	everyoneGoesOn()
	counted(2)
	var names []string
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	c.stopAndSave(names...)
	c.verify()
}
