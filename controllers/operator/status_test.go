//go:build envtest

package operator_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/sidecar/config"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

type metav1Condition = metav1.Condition

func objectMeta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// healthy sidecar of a policy.
func healthy(policy *v1alpha1.ProgressSyncPolicy) sidecar.Document {
	return sidecar.Document{
		PolicyNamespace: policy.Namespace, PolicyName: policy.Name, PolicyGeneration: policy.Generation,
		PolicyCreatedAt: policy.CreationTimestamp.Time, UnknownSettings: []string{}, Accepting: true,
		Sync: sidecar.Sync{
			PendingRecords: 5, PendingUpdates: 100, OldestPendingSeconds: 40,
			LastSyncedAt: ptr.To(time.Now().Add(-time.Minute)),
		},
		Counters: sidecar.Counters{UpdatesAccepted: 3700, RowsWritten: 100, BatchesApplied: 10},
		Database: sidecar.Database{Reachable: ptr.To(true)},
	}
}

// configFile that the policy's sidecars are given.
func configFile(t *testing.T, policy client.Object) (config.Config, *corev1.ConfigMap, error) {
	t.Helper()
	var object corev1.ConfigMap
	key := client.ObjectKey{Namespace: policy.GetNamespace(), Name: injection.ConfigMapName(policy.GetName())}
	if err := admin.Get(context.Background(), key, &object); err != nil {
		return config.Config{}, nil, err
	}
	c, err := config.Parse([]byte(object.Data[injection.ConfigKey]))
	return c, &object, err
}

func TestAPolicyIsReadyBeforeItsPods(t *testing.T) {
	policy := installed(t, fixture.NewPolicy(namespace(t), "lms"))
	for kind, want := range map[string]metav1.ConditionStatus{
		v1alpha1.ConditionReady:             metav1.ConditionTrue,
		v1alpha1.ConditionHealthy:           metav1.ConditionTrue,
		v1alpha1.ConditionSidecarsReady:     metav1.ConditionUnknown,
		v1alpha1.ConditionInjected:          metav1.ConditionUnknown,
		v1alpha1.ConditionDatabaseReachable: metav1.ConditionUnknown,
		v1alpha1.ConditionSynced:            metav1.ConditionUnknown,
		v1alpha1.ConditionPeered:            metav1.ConditionUnknown,
		v1alpha1.ConditionEventsDelivered:   metav1.ConditionUnknown,
	} {
		c := meta.FindStatusCondition(policy.Status.Conditions, kind)
		if c == nil || c.Status != want || c.ObservedGeneration != policy.Generation {
			t.Errorf("%s: %+v, want %s", kind, c, want)
		}
	}
	got, object, err := configFile(t, policy)
	if err != nil {
		t.Fatal(err)
	}
	if want := (config.Policy{Namespace: policy.Namespace, Name: "lms", Generation: 1, CreatedAt: policy.CreationTimestamp.UTC()}); got.Policy != want {
		t.Errorf("configuration of %+v", got.Policy)
	}
	if !metav1.IsControlledBy(object, policy) {
		t.Errorf("owners: %+v", object.OwnerReferences)
	}
}

func TestStatusAddsUpWhatTheSidecarsSay(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	var ips []string
	for _, name := range []string{"lms-0", "lms-1"} {
		pod := restricted(ns, name, "lms").Build()
		create(t, pod)
		ips = append(ips, sidecars.run(t, pod, healthy(policy)))
	}
	got := condition(t, policy, v1alpha1.ConditionSynced, "both answered", func(c *metav1.Condition) bool { return c.Status == metav1.ConditionTrue })
	got = waitStatus(t, got, "both are in the sums", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Updates.Received == 7400 })
	s := got.Status
	if s.Sidecars.Summary != "2/2" || s.Sidecars.Ready != 2 || s.Sidecars.Configured != 2 || s.Sidecars.Outdated != 0 {
		t.Errorf("sidecars: %+v", s.Sidecars)
	}
	if s.Records.Pending != 10 || s.Updates.RowsWritten != 200 || s.Updates.WriteReduction != "97.2%" {
		t.Errorf("records %+v, updates %+v", s.Records, s.Updates)
	}
	if s.LastSyncTime == nil || s.Records.OldestPendingTime == nil {
		t.Errorf("last sync %v, oldest %v", s.LastSyncTime, s.Records.OldestPendingTime)
	}

	t.Run("polls that tell nothing new write nothing", func(t *testing.T) {
		stop := keepAging(ips[0], healthy(policy), 40)
		defer stop()
		before, asked := got.ResourceVersion, sidecars.questions(ips[0])
		kit.Eventually(t, "four more polls", func() error {
			n := sidecars.questions(ips[0])
			return kit.Unless(n >= asked+4, n)
		})
		var after v1alpha1.ProgressSyncPolicy
		if err := admin.Get(context.Background(), client.ObjectKeyFromObject(got), &after); err != nil {
			t.Fatal(err)
		}
		if after.ResourceVersion != before {
			t.Errorf("the policy was written:\nbefore %+v\nafter  %+v", got.Status, after.Status)
		}
	})

	t.Run("an outage of the database shows with its reason, and its end", func(t *testing.T) {
		down := healthy(policy)
		down.Database.Reachable = ptr.To(false)
		down.Sync.Parked = true
		down.Sync.Error = &sidecar.Error{Class: "Unreachable", Message: "dial tcp 10.1.2.3:5432", Since: time.Now()}
		sidecars.say(ips[1], down)
		failing := condition(t, policy, v1alpha1.ConditionDatabaseReachable, "one of two cannot write", reason(v1alpha1.ReasonDatabaseUnreachable))
		if c := meta.FindStatusCondition(failing.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
			t.Errorf("an outage would stop every rollout that waits for the policy: Ready is %+v", c)
		}
		if c := meta.FindStatusCondition(failing.Status.Conditions, v1alpha1.ConditionHealthy); c.Reason != v1alpha1.ReasonDatabaseUnreachable {
			t.Errorf("Healthy: %+v", c)
		}
		if c := meta.FindStatusCondition(failing.Status.Conditions, v1alpha1.ConditionSynced); c.Reason != v1alpha1.ReasonParked {
			t.Errorf("Synced: %+v", c)
		}
		if e := failing.Status.LastError; e == nil || e.Reason != v1alpha1.ReasonDatabaseUnreachable || e.Sidecars != 1 {
			t.Errorf("last error: %+v", e)
		}
		if text, _ := json.Marshal(failing.Status); containsAny(string(text), "10.1.2.3") {
			t.Errorf("the status repeats a sidecar's words: %s", text)
		}
		event(t, policy, v1alpha1.ReasonDatabaseUnreachable)
		sidecars.say(ips[1], healthy(policy))
		recovered := condition(t, policy, v1alpha1.ConditionDatabaseReachable, "both can write", reason(v1alpha1.ReasonReachable))
		if recovered.Status.LastError != nil {
			t.Errorf("last error: %+v", recovered.Status.LastError)
		}
		event(t, policy, "DatabaseRecovered")
	})

	t.Run("a sidecar that stops answering is counted", func(t *testing.T) {
		sidecars.silence(ips[1])
		waitStatus(t, policy, "one is unreachable", func(p *v1alpha1.ProgressSyncPolicy) bool {
			return p.Status.Sidecars.Unreachable == 1 && p.Status.Updates.Received == 3700
		})
		sidecars.say(ips[1], healthy(policy))
		waitStatus(t, policy, "it answers again", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Sidecars.Unreachable == 0 })
	})

	t.Run("a change of the policy shows which sidecars follow", func(t *testing.T) {
		var changed v1alpha1.ProgressSyncPolicy
		if err := admin.Get(context.Background(), client.ObjectKeyFromObject(policy), &changed); err != nil {
			t.Fatal(err)
		}
		changed.Spec.Sync.BatchSize = 50
		changed.Spec.Database.SecretRef.Name = "lms-db-next"
		if err := admin.Update(context.Background(), &changed); err != nil {
			t.Fatal(err)
		}
		waitStatus(t, policy, "none has it yet, both pods are outdated", func(p *v1alpha1.ProgressSyncPolicy) bool {
			return p.Status.Sidecars.Configured == 0 && p.Status.Sidecars.Outdated == 2
		})
		if c, _, err := configFile(t, policy); err != nil || c.Sync.BatchSize != 50 || c.Policy.Generation != changed.Generation {
			t.Errorf("configuration %+v, error %v", c, err)
		}
		sidecars.say(ips[0], healthy(&changed))
		waitStatus(t, policy, "one has it", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Sidecars.Configured == 1 })
	})
}

// keepAging makes a sidecar's oldest record older by a second each second, as a
// real one's is.
func keepAging(ip string, document sidecar.Document, age float64) (stop func()) {
	began := time.Now()
	ticker := time.NewTicker(50 * time.Millisecond)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				document.Sync.OldestPendingSeconds = age + time.Since(began).Seconds()
				sidecars.say(ip, document)
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-ended }
}

func TestAConfigMapThatSomebodyEditsIsPutRight(t *testing.T) {
	policy := installed(t, fixture.NewPolicy(namespace(t), "lms"))
	_, object, err := configFile(t, policy)
	if err != nil {
		t.Fatal(err)
	}
	object.Data[injection.ConfigKey] = `{"sync":{"interval":"1s"}}`
	if err := admin.Update(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the policy's interval is back", func() error {
		c, object, err := configFile(t, policy)
		if err != nil {
			return err
		}
		return kit.Unless(c.Sync.Interval.D() == 3*time.Minute, object.Data[injection.ConfigKey])
	})
	if err := admin.Delete(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "a deleted one is back", func() error {
		_, _, err := configFile(t, policy)
		return err
	})
}

func TestAStatusThatIsNotTrueIsCorrectedThoughNothingElseHappens(t *testing.T) {
	policy := installed(t, fixture.NewPolicy(namespace(t), "lms"))
	wrong := policy.DeepCopy()
	meta.SetStatusCondition(&wrong.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWebhookPending,
		Message: "from a moment ago", ObservedGeneration: policy.Generation,
	})
	if err := admin.Status().Patch(t.Context(), wrong, client.MergeFrom(policy)); err != nil {
		t.Fatal(err)
	}
	condition(t, policy, v1alpha1.ConditionReady, "it is told as it is", reason(v1alpha1.ReasonReady))
}
