//go:build envtest

package operator_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

// roleFor people, from config/rbac.
func roleFor(t *testing.T, name string) *rbacv1.ClusterRole {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "policy_roles.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range splitYAML(string(text)) {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		if role.Name == name {
			return &role
		}
	}
	t.Fatalf("there is no role %s", name)
	return nil
}

// person who has those of the roles in a namespace that are aggregated to one of
// Kubernetes' own, as the controller that is not there would make it.
func person(t *testing.T, namespace, kind string) client.Client {
	t.Helper()
	user := namespace + "-" + kind
	for _, name := range []string{"policy-view", "policy-edit"} {
		role := roleFor(t, name)
		if role.Labels["rbac.authorization.k8s.io/aggregate-to-"+kind] != "true" {
			continue
		}
		role.Name = user + "-" + name
		create(t, role)
		t.Cleanup(func() { _ = admin.Delete(context.Background(), role) })
		create(t, &rbacv1.RoleBinding{
			ObjectMeta: objectMeta(namespace, role.Name),
			Subjects:   []rbacv1.Subject{{Kind: "User", Name: user, APIGroup: rbacv1.GroupName}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		})
	}
	config := rest.CopyConfig(adminConfig)
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	c, err := client.New(config, client.Options{Scheme: admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the rights of "+user, func() error {
		err := c.List(context.Background(), &v1alpha1.ProgressSyncPolicyList{}, client.InNamespace(namespace))
		return err
	})
	return c
}

// Whoever administers a namespace has to be able to give its apps a policy, and
// whoever views it to see how the syncing goes.
func TestPeopleMayDoWithPoliciesWhatTheyMayDoInTheNamespace(t *testing.T) {
	ns := namespace(t)
	for kind, mayWrite := range map[string]bool{"admin": true, "edit": true, "view": false} {
		c := person(t, ns, kind)
		policy := fixture.NewPolicy(ns, kind).ForAPIServer()
		if err := c.Create(context.Background(), policy); (err == nil) != mayWrite || (err != nil && !apierrors.IsForbidden(err)) {
			t.Errorf("%s creates a policy: %v", kind, err)
		}
		if !mayWrite {
			continue
		}
		policy.Spec.Sync.BatchSize = 50
		if err := c.Update(context.Background(), policy); err != nil {
			t.Errorf("%s updates a policy: %v", kind, err)
		}
		status := policy.DeepCopy()
		status.Status.Conditions = []metav1.Condition{}
		if err := c.Status().Update(context.Background(), status); !apierrors.IsForbidden(err) {
			t.Errorf("%s writes a status: %v", kind, err)
		}
		if err := c.Delete(context.Background(), policy); err != nil {
			t.Errorf("%s deletes a policy: %v", kind, err)
		}
		if err := c.Create(context.Background(), fixture.NewPolicy("default", kind).ForAPIServer()); !apierrors.IsForbidden(err) {
			t.Errorf("%s creates a policy elsewhere: %v", kind, err)
		}
	}
}
