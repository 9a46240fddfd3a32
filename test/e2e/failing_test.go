//go:build e2e

package e2e

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

func TestASidecarThatCannotStartIsNoReadyPolicy(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct {
		spec   func(*v1alpha1.ProgressSyncPolicySpec)
		reason string
		help   string
	}{
		"an image that is nowhere": {
			func(s *v1alpha1.ProgressSyncPolicySpec) {
				s.Injection.Image = "registry.invalid/progress-sync/sidecar:0.1.0"
			},
			v1alpha1.ReasonImageUnavailable, "image",
		},
		"an image without a sidecar in it": {
			func(s *v1alpha1.ProgressSyncPolicySpec) { s.Injection.Image = lmsImage },
			v1alpha1.ReasonContainerRefused, "RunContainerError",
		},
		"a claim that is nowhere": {
			func(s *v1alpha1.ProgressSyncPolicySpec) { s.Buffer.ClaimName = "nowhere" },
			v1alpha1.ReasonVolumeMissing, "nowhere",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCampus(t)
			c.storeSecret(c.uri())
			c.apply(broken.spec)
			pod := c.lmsPod("lms-0", func(p *corev1.Pod) { p.Spec.SecurityContext.FSGroup = ptr.To[int64](65532) })
			if err := c.client.Create(t.Context(), pod); err != nil {
				t.Fatal(err)
			}
			c.eventuallyPolicy("the status says that the sidecar cannot start", func(p *v1alpha1.ProgressSyncPolicy) error {
				return errors.Join(
					condition(p, v1alpha1.ConditionSidecarsReady, metav1.ConditionFalse, broken.reason),
					condition(p, v1alpha1.ConditionReady, metav1.ConditionFalse, broken.reason),
					condition(p, v1alpha1.ConditionHealthy, metav1.ConditionFalse, broken.reason),
					want("the number of failing sidecars", p.Status.Sidecars.Failing, 1),
					says(p, v1alpha1.ConditionSidecarsReady, broken.help),
				)
			})

			// What is mended is seen to be.
			policy, err := c.policy(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			mended := policy.DeepCopy()
			mended.Spec.Injection.Image, mended.Spec.Buffer.ClaimName = "", ""
			if err := c.client.Patch(t.Context(), mended, client.MergeFrom(policy)); err != nil {
				t.Fatal(err)
			}
			c.eventuallyPolicy("the operator knows", func(p *v1alpha1.ProgressSyncPolicy) error {
				return want("the observed generation", p.Status.ObservedGeneration, mended.Generation)
			})
			if err := c.client.Delete(t.Context(), pod, client.GracePeriodSeconds(1)); err != nil {
				t.Fatal(err)
			}
			c.start(c.lmsPod("lms-1"))
			c.eventuallyPolicy("the status says that the sidecar runs", func(p *v1alpha1.ProgressSyncPolicy) error {
				return errors.Join(
					condition(p, v1alpha1.ConditionSidecarsReady, metav1.ConditionTrue, ""),
					condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
				)
			})
		})
	}
}

// says objects unless the condition's message has the word.
func says(p *v1alpha1.ProgressSyncPolicy, kind, word string) error {
	for _, c := range p.Status.Conditions {
		if c.Type == kind && strings.Contains(c.Message, word) {
			return nil
		}
	}
	return errors.New("the condition " + kind + " does not say " + word)
}
