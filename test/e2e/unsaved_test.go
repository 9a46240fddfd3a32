//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestWhatAPodTookWithItUnsavedIsCountedAndTold(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	// Nobody listens there.
	c.storeSecret("postgres://lms:secret@" + c.host + ":1/lms?sslmode=disable&connect_timeout=1")
	c.apply(func(s *v1alpha1.ProgressSyncPolicySpec) {
		s.Retry.MaxRetries = new(int32)
	})
	pod := c.start(c.lmsPod("lms-0", func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(10)) }))
	sidecar := c.forward(t, pod.Name)
	const records = 25
	for n := range records {
		body := fmt.Sprintf(`{"userId":"u%d","courseId":"go","lessonId":"l","currentTime":5}`, n)
		if code, _, answer := c.post(sidecar+"/v1/progress", "application/json", body); code >= 300 {
			t.Fatalf("%d: %s", code, answer)
		}
	}
	c.eventuallyPolicy("the records are parked, and the spec is not to blame", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			want("the number of parked records", p.Status.Records.Parked, records),
			condition(p, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonParked),
			condition(p, v1alpha1.ConditionHealthy, metav1.ConditionFalse, ""),
			condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
		)
	})
	if err := c.client.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	c.eventuallyPolicy("the status counts them as lost", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			want("the number of lost records", p.Status.Records.Unsaved.Lost, records),
			want("the number of those whose fate is unknown", p.Status.Records.Unsaved.Unknown, 0),
		)
	})
	kit.EventuallyWithin(t, patience, "an event tells of them", func() error {
		var events corev1.EventList
		if err := c.client.List(t.Context(), &events, client.InNamespace(c.namespace)); err != nil {
			return err
		}
		for _, event := range events.Items {
			if event.InvolvedObject.Name == policyName && event.Type == corev1.EventTypeWarning && strings.Contains(event.Message, fmt.Sprint(records)) &&
				event.Related != nil && event.Related.Name == pod.Name {
				return nil
			}
		}
		return fmt.Errorf("%d events, none of them about it", len(events.Items))
	})
	// They stay counted, and once.
	throughout(t, time.After(3*time.Second), func() error {
		p, err := c.policy(t.Context())
		if err != nil {
			return err
		}
		return errors.Join(
			want("the number of lost records", p.Status.Records.Unsaved.Lost, records),
			want("the number of those whose fate is unknown", p.Status.Records.Unsaved.Unknown, 0),
		)
	})
}
