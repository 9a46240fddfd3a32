//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

// deployment of the LMS's pods.
func (c *campus) deployment(replicas int32, changes ...func(*corev1.Pod)) *appsv1.Deployment {
	pod := c.lmsPod("lms", changes...)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "lms"},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(replicas),
			Selector: &metav1.LabelSelector{MatchLabels: pod.Labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec},
		},
	}
}

// pods of the LMS that are not being deleted.
func (c *campus) pods() ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := c.client.List(c.t.Context(), &list, client.InNamespace(c.namespace), client.MatchingLabels{"app": policyName}); err != nil {
		return nil, err
	}
	var living []corev1.Pod
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			living = append(living, list.Items[i])
		}
	}
	return living, nil
}

func TestAWorkloadWhosePodsAreRefusedIsNamedWithTheReason(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "no-pods"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
	}
	if err := c.client.Create(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	kit.EventuallyWithin(t, patience, "the quota is counted", func() error {
		if err := c.client.Get(t.Context(), client.ObjectKeyFromObject(quota), quota); err != nil {
			return err
		}
		return want("the number of limits in force", len(quota.Status.Hard), 1)
	})
	deployment := c.deployment(2)
	if err := c.client.Create(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	c.eventuallyPolicy("the status says why there are no pods", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			condition(p, v1alpha1.ConditionInjected, metav1.ConditionFalse, v1alpha1.ReasonPodsNotCreated),
			condition(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsNotCreated),
			says(p, v1alpha1.ConditionInjected, "no-pods"), says(p, v1alpha1.ConditionInjected, "lms"),
		)
	})
	if err := c.client.Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	// The ReplicaSet's controller waits longer after each failure; a rollout has
	// a ReplicaSet of its own, which begins at once.
	changed := deployment.DeepCopy()
	changed.Spec.Template.Annotations = map[string]string{"e2e": "again"}
	if err := c.client.Patch(t.Context(), changed, client.MergeFrom(deployment)); err != nil {
		t.Fatal(err)
	}
	c.eventuallyPolicy("the status says that the pods are there", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			want("the number of injected pods", p.Status.Sidecars.Injected, 2),
			condition(p, v1alpha1.ConditionInjected, metav1.ConditionTrue, ""),
			condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
		)
	})
}

func TestPodsThatWereThereBeforeThePolicyAreEvictedWhereItSaysSo(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	deployment := c.deployment(2, func(p *corev1.Pod) {
		p.Spec.TerminationGracePeriodSeconds = ptr.To[int64](10)
		// So that it also runs bare.
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env, corev1.EnvVar{Name: "PROGRESS_SYNC_URL", Value: "http://127.0.0.1:8787"})
	})
	if err := c.client.Create(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	kit.EventuallyWithin(t, patience, "both pods run bare", func() error {
		if err := c.client.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); err != nil {
			return err
		}
		return want("the number of ready pods", deployment.Status.ReadyReplicas, 2)
	})
	c.apply(func(s *v1alpha1.ProgressSyncPolicySpec) { s.Injection.Bare = v1alpha1.BareEvict })
	kit.EventuallyWithin(t, patience, "both pods have a sidecar", func() error {
		living, err := c.pods()
		if err != nil {
			return err
		}
		for i := range living {
			if err := errors.Join(injected(&living[i]), c.ready(t.Context(), &living[i])); err != nil {
				return err
			}
		}
		return want("the number of pods", len(living), 2)
	})
	c.eventuallyPolicy("the policy is healthy", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			condition(p, v1alpha1.ConditionInjected, metav1.ConditionTrue, v1alpha1.ReasonAllInjected),
			want("the number of pods with a sidecar", p.Status.Sidecars.Summary, "2/2"),
		)
	})
	living, err := c.pods()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range living {
		c.learners(living[i].Name, 5)
		c.acknowledged(living[i].Name, 20)
		names = append(names, living[i].Name)
	}
	c.stopAndSave(names...)
	c.verify()
}

// A quota on cpu limits refuses pods of which a container states none, and a
// LimitRange those that ask for too little.
func TestADeploymentUnderAQuotaAndALimitRangeGetsItsPods(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	for _, object := range []client.Object{
		&corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "campus"},
			Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
				corev1.ResourceRequestsCPU: resource.MustParse("4"), corev1.ResourceRequestsMemory: resource.MustParse("8Gi"),
				corev1.ResourceLimitsCPU: resource.MustParse("8"), corev1.ResourceLimitsMemory: resource.MustParse("16Gi"),
			}},
		},
		&corev1.LimitRange{
			ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "floor"},
			Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
				Type:                 corev1.LimitTypeContainer,
				Min:                  corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("90Mi")},
				MaxLimitRequestRatio: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2")},
			}}},
		},
	} {
		if err := c.client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	deployment := c.deployment(1, func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources = corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
		}
	})
	if err := c.client.Create(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	var living []corev1.Pod
	kit.EventuallyWithin(t, patience, "the pod is ready", func() error {
		var err error
		if living, err = c.pods(); err != nil {
			return err
		}
		if len(living) != 1 {
			return fmt.Errorf("%d pods", len(living))
		}
		return errors.Join(injected(&living[0]), c.ready(t.Context(), &living[0]))
	})
	c.learners(living[0].Name, 5)
	c.acknowledged(living[0].Name, 50)
	c.stopAndSave(living[0].Name)
	c.verify()
}
