package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

const (
	// perNamespace policies.
	perNamespace = 4
	// atOnce requests of those who make the fleet.
	atOnce = 16
)

// makePolicies creates them and waits until the API server calls the operator
// for each of them; it returns whose each sidecar is.
func (c *cluster) makePolicies(ctx context.Context, o options) ([]owner, error) {
	owners := make([]owner, o.sidecars)
	group, making := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for first := 0; first < o.policies; first += perNamespace {
		group.Go(func() error {
			namespace := fmt.Sprintf("campus-%03d", first/perNamespace)
			if err := c.client.Create(making, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
				return fmt.Errorf("making namespace %s: %w", namespace, err)
			}
			for n := first; n < min(first+perNamespace, o.policies); n++ {
				name := fmt.Sprintf("lms-%03d", n)
				policy := &v1alpha1.ProgressSyncPolicy{
					ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
					Spec: v1alpha1.ProgressSyncPolicySpec{
						Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
						Database: v1alpha1.DatabaseSpec{SecretRef: v1alpha1.SecretRef{Name: name}},
					},
				}
				if err := c.client.Create(making, policy); err != nil {
					return fmt.Errorf("making policy %s: %w", name, err)
				}
				for sidecar := n; sidecar < o.sidecars; sidecar += o.policies {
					owners[sidecar] = owner{client.ObjectKeyFromObject(policy), policy.CreationTimestamp.UTC()}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return owners, wait.Until(ctx, patience, "every policy is Ready", func(context.Context) error {
		return c.everyPolicy(ctx, func(p *v1alpha1.ProgressSyncPolicy) error {
			ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Status != metav1.ConditionTrue {
				return fmt.Errorf("policy %s is not Ready: %+v", p.Name, ready)
			}
			return nil
		})
	})
}

// everyPolicy returns the first objection of the check.
func (c *cluster) everyPolicy(ctx context.Context, check func(*v1alpha1.ProgressSyncPolicy) error) error {
	var policies v1alpha1.ProgressSyncPolicyList
	if err := c.client.List(ctx, &policies); err != nil {
		return fmt.Errorf("listing the policies: %w", err)
	}
	for i := range policies.Items {
		if err := check(&policies.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// makePods creates a running pod for each sidecar, and waits until the status
// of every policy knows them.
func (c *cluster) makePods(ctx context.Context, owners []owner, policies int) error {
	group, making := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n, owner := range owners {
		group.Go(func() error { return c.makePod(making, n, owner) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return wait.Until(ctx, patience, "every sidecar is counted", func(context.Context) error {
		configured := 0
		err := c.everyPolicy(ctx, func(p *v1alpha1.ProgressSyncPolicy) error {
			configured += int(p.Status.Sidecars.Configured)
			return nil
		})
		if err == nil && configured != len(owners) {
			err = fmt.Errorf("%d of %d sidecars of %d policies are", configured, len(owners), policies)
		}
		return err
	})
}

func lmsPod(namespace, name, app string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: ptr.To(false),
			Containers:                   []corev1.Container{{Name: "lms", Image: "registry.example/lms:1"}},
		},
	}
}

func (c *cluster) makePod(ctx context.Context, n int, owner owner) error {
	pod := lmsPod(owner.policy.Namespace, fmt.Sprintf("lms-%05d", n), owner.policy.Name)
	if err := c.client.Create(ctx, pod); err != nil {
		return fmt.Errorf("making a pod: %w", err)
	}
	if !injection.HasSidecar(pod) {
		return fmt.Errorf("pod %s has no sidecar", pod.Name)
	}
	ip := addressOf(n)
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		InitContainerStatuses: []corev1.ContainerStatus{{
			Name: injection.ContainerName, Ready: true, Started: ptr.To(true),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
		}},
	}
	if err := c.client.Status().Update(ctx, pod); err != nil {
		return fmt.Errorf("making a pod run: %w", err)
	}
	return nil
}
