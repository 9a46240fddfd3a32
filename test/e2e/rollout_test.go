//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/kit"
)

// The tests of this file replace the operator, so they are not parallel.

// trials are pods that are created as fast as the API server takes them, and of
// which nothing stays.
type trials struct {
	end func()

	mu    sync.Mutex
	tried int
	// bare are those that would have started without a sidecar.
	bare int
}

func (c *campus) startTrials() *trials {
	ctx, cancel := context.WithCancel(c.background())
	var workers sync.WaitGroup
	t := &trials{end: func() {
		cancel()
		workers.Wait()
	}}
	c.t.Cleanup(t.end)
	for worker := range 4 {
		workers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				pod := c.lmsPod(fmt.Sprintf("trial-%d-%d", worker, n))
				if err := c.client.Create(ctx, pod, client.DryRunAll); err != nil {
					if ctx.Err() == nil {
						c.t.Errorf("trying to create a pod: %v", err)
					}
					return
				}
				t.add(injected(pod) != nil)
			}
		})
	}
	return t
}

func (t *trials) add(bare bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tried++
	if bare {
		t.bare++
	}
}

// more waits until so many more were tried, none of them bare.
func (t *trials) more(c *campus, more int) {
	c.t.Helper()
	before := -1
	kit.EventuallyWithin(c.t, patience, fmt.Sprintf("%d more pods are tried", more), func() error {
		t.mu.Lock()
		defer t.mu.Unlock()
		if before < 0 {
			before = t.tried
		}
		if t.bare > 0 {
			c.t.Fatalf("%d of %d pods would have started bare", t.bare, t.tried)
		}
		if t.tried < before+more {
			return fmt.Errorf("%d were", t.tried-before)
		}
		return nil
	})
}

func TestARollingUpdateOfTheOperatorLeavesNoPodBare(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	c.scaleOperator(2)
	t.Cleanup(func() { c.scaleOperator(1) })
	pods := c.startTrials()
	pods.more(c, 200)
	for _, args := range [][]string{
		{"rollout", "restart", "deployment/" + release},
		{"rollout", "status", "deployment/" + release, "--timeout=2m"},
	} {
		if output, err := c.cluster.Kubectl(t.Context(), append([]string{"--namespace", operatorNamespace}, args...)...); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	}
	// The last of the old pods may still be ending.
	c.eventuallyOperatorPods(2)
	pods.more(c, 200)
	pods.end()
	t.Logf("%d pods tried", pods.tried)
}

func TestAfterUninstallingAndInstallingNoPodIsBareOnceHelmSaysThatItIsDone(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	reinstalled := false
	t.Cleanup(func() {
		if !reinstalled {
			if err := c.install(c.background()); err != nil {
				t.Error(err)
			}
		}
	})
	if _, err := c.cluster.Helm(t.Context(), "uninstall", release, "--namespace", operatorNamespace, "--wait"); err != nil {
		t.Fatal(err)
	}
	reinstalled = true
	began := time.Now()
	if err := c.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("installed again after %s", time.Since(began).Round(100*time.Millisecond))
	c.startTrials().more(c, 500)
}

// eventuallyOperatorPods waits until so many pods of the operator are there,
// those that are ending among them.
func (c *campus) eventuallyOperatorPods(count int) {
	c.t.Helper()
	kit.EventuallyWithin(c.t, patience, "the operator's pods are replaced", func() error {
		pods, err := c.operatorPods()
		return errors.Join(err, want("the number of the operator's pods", len(pods), count))
	})
}

// eventuallyImage waits until the operator's only pod is one of the image's tag,
// or of this tree's version if it is empty.
func (c *campus) eventuallyImage(tag string) {
	c.t.Helper()
	if tag == "" {
		version, err := images.Version(c.cluster.Root)
		if err != nil {
			c.t.Fatal(err)
		}
		tag = version
	}
	kit.EventuallyWithin(c.t, patience, "the operator's only pod is of version "+tag, func() error {
		pods, err := c.operatorPods()
		if err != nil || len(pods) != 1 {
			return fmt.Errorf("%d pods: %w", len(pods), err)
		}
		if image := pods[0].Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+tag) {
			return fmt.Errorf("its image is %s", image)
		}
		return nil
	})
}

// eventuallyInjected waits until the API server reaches the webhook.
func (c *campus) eventuallyInjected() {
	c.t.Helper()
	kit.EventuallyWithin(c.t, patience, "the webhook answers", func() error {
		trial := c.lmsPod("trial")
		if err := c.client.Create(c.t.Context(), trial, client.DryRunAll); err != nil {
			return err
		}
		return injected(trial)
	})
}
