//go:build envtest

package operator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

func containsAny(s string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// configurations of the operator, all of them.
func configurations(t *testing.T) []admissionv1.MutatingWebhookConfiguration {
	t.Helper()
	var list admissionv1.MutatingWebhookConfigurationList
	if err := admin.List(context.Background(), &list, client.MatchingLabelsSelector{Selector: webhookconfig.Selector()}); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// entryOf a policy, nil if it has none.
func entryOf(t *testing.T, policy *v1alpha1.ProgressSyncPolicy) *admissionv1.MutatingWebhook {
	t.Helper()
	for _, configuration := range configurations(t) {
		for i := range configuration.Webhooks {
			if configuration.Webhooks[i].Name == webhookconfig.EntryName(policy) {
				return &configuration.Webhooks[i]
			}
		}
	}
	return nil
}

// role that owns what goes with the operator.
func role(t *testing.T) *rbacv1.ClusterRole {
	t.Helper()
	var object rbacv1.ClusterRole
	if err := admin.Get(context.Background(), client.ObjectKey{Name: clusterRole}, &object); err != nil {
		t.Fatal(err)
	}
	return &object
}

func TestTheWebhookConfigurationsAreThereAndGoWithTheOperator(t *testing.T) {
	uid := role(t).UID
	var names []string
	for _, configuration := range configurations(t) {
		names = append(names, configuration.Name)
		if owners := configuration.OwnerReferences; len(owners) != 1 || owners[0].Kind != "ClusterRole" || owners[0].UID != uid {
			t.Errorf("owners of %s: %+v", configuration.Name, owners)
		}
	}
	if diff := cmp.Diff(webhookconfig.Names(), names); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
}

func TestTheEntryFollowsThePolicy(t *testing.T) {
	policy := installed(t, fixture.NewPolicy(namespace(t), "lms"))
	if e := entryOf(t, policy); e == nil || *e.FailurePolicy != admissionv1.Ignore || len(e.ClientConfig.CABundle) == 0 {
		t.Fatalf("entry: %+v", e)
	}
	policy.Spec.Selector.MatchLabels = map[string]string{"app": "next"}
	policy.Spec.Injection.FailurePolicy = v1alpha1.FailurePolicyFail
	if err := admin.Update(context.Background(), policy); err != nil {
		t.Fatal(err)
	}
	condition(t, policy, v1alpha1.ConditionReady, "the entry follows", reason(v1alpha1.ReasonReady))
	if e := entryOf(t, policy); *e.FailurePolicy != admissionv1.Fail || e.ObjectSelector.MatchLabels["app"] != "next" {
		t.Errorf("entry: %+v", e)
	}
	if err := admin.Delete(context.Background(), policy); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the entry goes with the policy", func() error { return kit.Unless(entryOf(t, policy) == nil, "it is there") })
}

func TestPoliciesWhereNoneBelongAreRefused(t *testing.T) {
	for _, ns := range []string{"kube-system", operatorNamespace} {
		policy := installed(t, fixture.NewPolicy(ns, "lms"))
		condition(t, policy, v1alpha1.ConditionReady, "refused", reason(v1alpha1.ReasonNamespaceRefused))
		event(t, policy, v1alpha1.ReasonNamespaceRefused)
		if e := entryOf(t, policy); e != nil {
			t.Errorf("%s: entry %+v", ns, e)
		}
		if _, _, err := configFile(t, policy); !apierrors.IsNotFound(err) {
			t.Errorf("%s: ConfigMap: %v", ns, err)
		}
	}
}

func TestOneBadSelectorDoesNotKeepOthersFromWorking(t *testing.T) {
	ns := namespace(t)
	bad := installed(t, fixture.NewPolicy(ns, "bad").With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Selector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Near"}}}
	}))
	condition(t, bad, v1alpha1.ConditionReady, "refused", reason(v1alpha1.ReasonInvalidSelector))
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	if !injection.HasSidecar(pod) {
		t.Error("the good policy injects nothing")
	}
}

func TestTheOperatorReadsNoSecretOfAUser(t *testing.T) {
	ns := namespace(t)
	create(t, &corev1.Secret{ObjectMeta: objectMeta(ns, "lms-db"), StringData: map[string]string{"uri": "postgres://"}})
	create(t, &corev1.Secret{ObjectMeta: objectMeta(operatorNamespace, "another"), StringData: map[string]string{"key": "value"}})
	account, err := client.New(operatorAccount, client.Options{Scheme: admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []client.ObjectKey{{Namespace: ns, Name: "lms-db"}, {Namespace: operatorNamespace, Name: "another"}} {
		if err := account.Get(context.Background(), key, &corev1.Secret{}); !apierrors.IsForbidden(err) {
			t.Errorf("reading %s: %v, want forbidden", key, err)
		}
	}
	if err := account.List(context.Background(), &corev1.SecretList{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing Secrets: %v, want forbidden", err)
	}
}

// shown is the certificate that a replica shows.
func shown(r *replica) ([]byte, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(r.webhookPort))
	connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	return connection.ConnectionState().PeerCertificates[0].Raw, nil
}

func TestARotatedCertificateReachesEveryReplicaAndTheAPIServer(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms").FailurePolicy(v1alpha1.FailurePolicyFail))
	before, err := shown(firstReplica)
	if err != nil {
		t.Fatal(err)
	}
	bundle := entryOf(t, policy).ClientConfig.CABundle
	if err := admin.Delete(context.Background(), &corev1.Secret{ObjectMeta: objectMeta(operatorNamespace, certSecret)}); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "both replicas show another certificate, the same", func() error {
		first, err := shown(firstReplica)
		if err != nil {
			return err
		}
		second, err := shown(secondReplica)
		if err != nil {
			return err
		}
		return kit.Unless(!bytes.Equal(before, first) && bytes.Equal(first, second), "the old one, or two that differ")
	})
	kit.Eventually(t, "every entry has another CA", func() error {
		for _, configuration := range configurations(t) {
			for _, entry := range configuration.Webhooks {
				if bytes.Equal(entry.ClientConfig.CABundle, bundle) {
					return errors.New(entry.Name)
				}
			}
		}
		return nil
	})
	// With failurePolicy Fail the pod is refused unless the call succeeds.
	pod := restricted(ns, "lms-0", "lms").Build()
	kit.Eventually(t, "the API server believes it", func() error {
		if err := admin.Create(context.Background(), pod); err != nil {
			return err
		}
		return nil
	})
	if !injection.HasSidecar(pod) {
		t.Error("the pod was not injected")
	}
}
