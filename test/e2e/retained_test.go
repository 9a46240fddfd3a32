//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

const userHeader = "X-Progress-User"

// onlyOneself objects unless the sidecar at the address takes progress only of
// the learner whom the proxy names, and lets nobody else be erased.
func (c *campus) onlyOneself(address string) error {
	for _, try := range []struct {
		what, method, path, header, body string
		status                           int
	}{
		{"no header", http.MethodPost, "/v1/progress", "", `{"userId":"ada","courseId":"go","lessonId":"l","currentTime":1}`, http.StatusUnauthorized},
		{"another learner", http.MethodPost, "/v1/progress", "ada", `{"userId":"eve","courseId":"go","lessonId":"l","currentTime":1}`, http.StatusForbidden},
		{"another learner's erasure", http.MethodDelete, "/v1/users/eve", "ada", "", http.StatusForbidden},
		{"the learner's own", http.MethodPost, "/v1/progress", "ada", `{"userId":"ada","courseId":"go","lessonId":"l","currentTime":1}`, 0},
	} {
		request, err := http.NewRequestWithContext(c.t.Context(), try.method, address+try.path, strings.NewReader(try.body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		if try.header != "" {
			request.Header.Set(userHeader, try.header)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if try.status == 0 && response.StatusCode < 300 {
			continue
		}
		if response.StatusCode != try.status {
			return fmt.Errorf("%s: %d, want %d: %s", try.what, response.StatusCode, try.status, answer)
		}
	}
	return nil
}

func TestAPodKeepsWhatProtectsItsLearnersWhenItsPolicyIsDeleted(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply(func(s *v1alpha1.ProgressSyncPolicySpec) { s.Ingest.UserHeader = userHeader })
	pod := c.start(c.lmsPod("lms-0", func(p *corev1.Pod) {
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env, corev1.EnvVar{Name: "USER_HEADER", Value: userHeader})
	}))
	if err := c.onlyOneself(c.forward(t, pod.Name)); err != nil {
		t.Fatalf("with its policy: %v", err)
	}
	policy, err := c.policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.client.Delete(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	// The kubelet takes the file away within about a minute.
	file := fmt.Sprintf("/proc/%d/root/etc/progress-sync/config/config.json", c.sidecarProcesses(pod)[0])
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("the sidecar has no configuration: %v", err)
	}
	kit.EventuallyWithin(t, patience, "the configuration's file is gone", func() error {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("it is still there: %w", err)
		}
		return nil
	})
	if err := c.onlyOneself(c.forward(t, pod.Name)); err != nil {
		t.Errorf("after the policy is deleted: %v", err)
	}
	c.killSidecar(pod)
	c.restarted(pod, 1)
	if err := c.onlyOneself(c.forward(t, pod.Name)); err != nil {
		t.Errorf("after a restart without the policy: %v", err)
	}
}

func TestAPodWhoseConfigMapCannotBeWrittenObeysItsPolicyAndTheStatusSaysWhy(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	kit.EventuallyWithin(t, patience, "the namespace has the ConfigMap of every namespace", func() error {
		var all corev1.ConfigMapList
		if err := c.client.List(t.Context(), &all, client.InNamespace(c.namespace)); err != nil {
			return err
		}
		return want("the number of ConfigMaps", len(all.Items), 1)
	})
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "objects"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/configmaps": resource.MustParse("1")}},
	}
	if err := c.client.Create(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	kit.EventuallyWithin(t, patience, "the quota is counted", func() error {
		if err := c.client.Get(t.Context(), client.ObjectKeyFromObject(quota), quota); err != nil {
			return err
		}
		used := quota.Status.Used["count/configmaps"]
		return want("the number of ConfigMaps counted", used.Value(), 1)
	})
	c.createPolicy(func(s *v1alpha1.ProgressSyncPolicySpec) {
		s.Ingest.UserHeader = userHeader
		s.Database.Migrations = v1alpha1.MigrationsManual
	})
	c.eventuallyPolicy("the status says why", func(p *v1alpha1.ProgressSyncPolicy) error {
		if err := condition(p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonConfigMapNotWritten); err != nil {
			return err
		}
		return says(p, v1alpha1.ConditionReady, "quota")
	})
	c.eventuallyInjected()
	pod := c.start(c.lmsPod("lms-0"))
	if err := c.onlyOneself(c.forward(t, pod.Name)); err != nil {
		t.Error(err)
	}
	// Manual: nobody has made the tables, and nobody may.
	c.eventuallyPolicy("the sidecar waits for the tables", func(p *v1alpha1.ProgressSyncPolicy) error {
		return condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionFalse, v1alpha1.ReasonSchemaMissing)
	})

	if err := c.client.Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	c.eventuallyPolicy("the ConfigMap is written when it can be", func(p *v1alpha1.ProgressSyncPolicy) error {
		for _, condition := range p.Status.Conditions {
			if condition.Reason == v1alpha1.ReasonConfigMapNotWritten {
				return fmt.Errorf("still: %s", condition.Message)
			}
		}
		return nil
	})
}
