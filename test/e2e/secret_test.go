//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

func TestAMissingOrWrongSecretIsReportedAndItsRepairNeedsNoRestart(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	c.learners(pod.Name, 10)
	unreachable := func(reason string) func(*v1alpha1.ProgressSyncPolicy) error {
		return func(p *v1alpha1.ProgressSyncPolicy) error {
			return condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionFalse, reason)
		}
	}
	c.eventuallyPolicy("the missing Secret is reported", unreachable(v1alpha1.ReasonSecretMissing))
	policy, err := c.policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, condition := range policy.Status.Conditions {
		if condition.Type == v1alpha1.ConditionDatabaseReachable && !strings.Contains(condition.Message, secretName) {
			t.Errorf("the message does not name the Secret: %q", condition.Message)
		}
	}
	c.acknowledged(pod.Name, 100)

	c.storeSecret(strings.Replace(c.uri(), ":right@", ":wrong@", 1))
	c.eventuallyPolicy("the wrong password is reported", unreachable(v1alpha1.ReasonCredentialsRefused))
	c.acknowledged(pod.Name, 100)

	c.storeSecret(c.uri())
	c.eventuallyPolicy("the repair is reported", func(p *v1alpha1.ProgressSyncPolicy) error {
		return condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionTrue, v1alpha1.ReasonReachable)
	})
	c.stopAndSave(pod.Name)
	if err := c.ready(t.Context(), pod); err != nil {
		t.Error(err)
	}
	if err := unrestarted(pod); err != nil {
		t.Error(err)
	}
	c.verify()

	policy, err = c.policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if shown := fmt.Sprint(policy.Status); strings.Contains(shown, "right") && strings.Contains(shown, c.database) || strings.Contains(shown, "postgres://") {
		t.Errorf("the status shows connection details: %s", shown)
	}
}
