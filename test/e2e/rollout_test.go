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
)

// The tests of this file replace the operator, so they are not parallel.

// trials creates pods, of which nothing stays, as fast as the API server takes
// them, until the returned function is called; it says how many there were, and
// how many of them would have started bare.
func (c *campus) trials() (end func() (tried, bare int)) {
	ctx, cancel := context.WithCancel(c.background())
	var mu sync.Mutex
	var tried, bare int
	var workers sync.WaitGroup
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
				mu.Lock()
				tried++
				if injected(pod) != nil {
					bare++
				}
				mu.Unlock()
			}
		})
	}
	return func() (int, int) {
		cancel()
		workers.Wait()
		return tried, bare
	}
}

func TestARollingUpdateOfTheOperatorLeavesNoPodBare(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	c.scaleOperator(2)
	t.Cleanup(func() { c.scaleOperator(1) })
	end := c.trials()
	time.Sleep(2 * time.Second)
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
	tried, bare := end()
	t.Logf("%d pods tried", tried)
	if bare > 0 || tried < 100 {
		t.Errorf("%d of %d pods would have started bare", bare, tried)
	}
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
	end := c.trials()
	time.Sleep(5 * time.Second)
	if tried, bare := end(); bare > 0 || tried < 100 {
		t.Errorf("%d of %d pods would have started bare", bare, tried)
	}
}

// eventuallyOperatorPods waits until so many pods of the operator are there,
// those that are ending among them.
func (c *campus) eventuallyOperatorPods(count int) {
	c.t.Helper()
	eventually(c.t, "the operator's pods are replaced", func() error {
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
	eventually(c.t, "the operator's only pod is of version "+tag, func() error {
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
	eventually(c.t, "the webhook answers", func() error {
		trial := c.lmsPod("trial")
		if err := c.client.Create(c.t.Context(), trial, client.DryRunAll); err != nil {
			return err
		}
		return injected(trial)
	})
}
