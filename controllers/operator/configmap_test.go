//go:build envtest

package operator_test

import (
	"context"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

// says waits for Ready to be False for a reason, in words that help.
func notReady(t *testing.T, policy client.Object, why string, words ...string) *v1alpha1.ProgressSyncPolicy {
	t.Helper()
	return condition(t, policy, v1alpha1.ConditionReady, why, func(c *metav1.Condition) bool {
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return false
			}
		}
		return c.Status == metav1.ConditionFalse && c.Reason == why
	})
}

func ready(t *testing.T, policy client.Object, what string) {
	t.Helper()
	condition(t, policy, v1alpha1.ConditionReady, what, reason(v1alpha1.ReasonReady))
}

// quota on the ConfigMaps of a namespace. What is used is written by a controller
// that is not there.
func quota(t *testing.T, namespace, hard string) *corev1.ResourceQuota {
	t.Helper()
	object := &corev1.ResourceQuota{ObjectMeta: objectMeta(namespace, "objects"), Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{"count/configmaps": resource.MustParse(hard)},
	}}
	create(t, object)
	object.Status = corev1.ResourceQuotaStatus{Hard: object.Spec.Hard, Used: corev1.ResourceList{"count/configmaps": resource.MustParse("1")}}
	if err := admin.Status().Update(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestAQuotaThatRefusesTheConfigMapShowsAndPasses(t *testing.T) {
	ns := namespace(t)
	object := quota(t, ns, "1")
	policy := fixture.NewPolicy(ns, "lms").ForAPIServer()
	create(t, policy)
	t.Cleanup(func() { _ = admin.Delete(context.Background(), policy) })
	got := notReady(t, policy, v1alpha1.ReasonConfigMapNotWritten, "exceeded quota: objects", "quota")
	if !meta.IsStatusConditionTrue(got.Status.Conditions, v1alpha1.ConditionReconciling) {
		t.Errorf("conditions: %+v", got.Status.Conditions)
	}
	event(t, policy, v1alpha1.ReasonConfigMapNotWritten)

	object.Status.Hard = corev1.ResourceList{"count/configmaps": resource.MustParse("5")}
	if err := admin.Status().Update(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	ready(t, policy, "the quota was raised")
	if _, _, err := configFile(t, policy); err != nil {
		t.Error(err)
	}
}

func TestAnImmutableConfigMapHasToBeDeleted(t *testing.T) {
	policy := installed(t, fixture.NewPolicy(namespace(t), "lms"))
	ready(t, policy, "before")
	_, object, err := configFile(t, policy)
	if err != nil {
		t.Fatal(err)
	}
	object.Immutable = ptr.To(true)
	if err := admin.Update(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"sync":{"batchSize":50}}}`))
	if err := admin.Patch(context.Background(), policy, patch); err != nil {
		t.Fatal(err)
	}
	notReady(t, policy, v1alpha1.ReasonConfigMapNotWritten, "immutable", "kubectl -n "+policy.Namespace+" delete configmap "+object.Name)
	if err := admin.Delete(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	ready(t, policy, "it was deleted")
	if c, _, err := configFile(t, policy); err != nil || c.Sync.BatchSize != 50 {
		t.Errorf("configuration %+v, %v", c, err)
	}
}

func TestAnAdmissionPolicyThatRefusesTheConfigMapShows(t *testing.T) {
	needs(t, 30)
	ns := namespace(t)
	rule := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "no-maps"}, Spec: admissionv1.ValidatingAdmissionPolicySpec{
		MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
			RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			},
		}}},
		Validations: []admissionv1.Validation{{Expression: "has(object.metadata.labels) && 'team' in object.metadata.labels", Message: "every ConfigMap names its team"}},
	}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "no-maps"}, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: "no-maps", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		MatchResources: &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}}},
	}}
	for _, object := range []client.Object{rule, binding} {
		create(t, object)
		t.Cleanup(func() { _ = admin.Delete(context.Background(), object) })
	}
	kit.Eventually(t, "the API server obeys the rule", func() error {
		err := admin.Create(context.Background(), &corev1.ConfigMap{ObjectMeta: objectMeta(ns, "trial")}, client.DryRunAll)
		return kit.Unless(err != nil, "it took a ConfigMap")
	})
	policy := fixture.NewPolicy(ns, "lms").ForAPIServer()
	create(t, policy)
	t.Cleanup(func() { _ = admin.Delete(context.Background(), policy) })
	notReady(t, policy, v1alpha1.ReasonConfigMapNotWritten, "every ConfigMap names its team")
}

// A ConfigMap that somebody else made under the policy's name stays theirs, and
// outlives the policy.
func TestSomebodyElsesConfigMapIsNotTouched(t *testing.T) {
	for name, labels := range map[string]map[string]string{
		"theirs":                   {"team": "campus"},
		"theirs, labelled as ours": {"app.kubernetes.io/managed-by": "progress-sync"},
	} {
		t.Run(name, func(t *testing.T) {
			ns := namespace(t)
			theirs := &corev1.ConfigMap{ObjectMeta: objectMeta(ns, injection.ConfigMapName("lms")), Data: map[string]string{"settings.ini": "[mine]\nkeep=1\n", "config.json": `{"mine": true}`}}
			theirs.Labels = labels
			create(t, theirs)
			policy := fixture.NewPolicy(ns, "lms").ForAPIServer()
			create(t, policy)
			t.Cleanup(func() { _ = admin.Delete(context.Background(), policy) })
			got := notReady(t, policy, v1alpha1.ReasonConfigMapConflict, theirs.Name, "nobody owns it", "delete configmap")
			if !meta.IsStatusConditionTrue(got.Status.Conditions, v1alpha1.ConditionStalled) {
				t.Errorf("conditions: %+v", got.Status.Conditions)
			}
			event(t, policy, v1alpha1.ReasonConfigMapConflict)
			var after corev1.ConfigMap
			if err := admin.Get(context.Background(), client.ObjectKeyFromObject(theirs), &after); err != nil {
				t.Fatal(err)
			}
			if after.ResourceVersion != theirs.ResourceVersion {
				t.Errorf("it was written: %+v", after)
			}
			// Its end shows in no event that the operator sees; that of a pod will do.
			if err := admin.Delete(context.Background(), theirs); err != nil {
				t.Fatal(err)
			}
			create(t, restricted(ns, "lms-0", "lms").Build())
			ready(t, policy, "the name is free")
		})
	}
}

// Where the garbage collection has not yet removed what a policy of that name
// left, the next one takes it over.
func TestAPolicyThatIsMadeAnewTakesOverItsConfigMap(t *testing.T) {
	ns := namespace(t)
	first := installed(t, fixture.NewPolicy(ns, "lms"))
	ready(t, first, "the first")
	if err := admin.Delete(context.Background(), first); err != nil {
		t.Fatal(err)
	}
	second := installed(t, fixture.NewPolicy(ns, "lms").Port(9000))
	ready(t, second, "the second")
	kit.Eventually(t, "the ConfigMap is the second's", func() error {
		c, object, err := configFile(t, second)
		if err != nil {
			return err
		}
		return kit.Unless(metav1.IsControlledBy(object, second) && c.Policy.CreatedAt.Equal(second.CreationTimestamp.Time) && len(object.OwnerReferences) == 1, object.String())
	})
}
