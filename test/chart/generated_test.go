//go:build chart

package chart

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func TestTheDefinitionIsTheGeneratedOneAndIsKept(t *testing.T) {
	var got, want apiextensionsv1.CustomResourceDefinition
	one(t, render(t), "CustomResourceDefinition").into(t, &got)
	if got.Annotations["helm.sh/resource-policy"] != "keep" {
		t.Error("uninstalling would delete the definition and every policy with it")
	}
	source, err := os.ReadFile("../../config/crd/bases/progresssync.dev_progresssyncpolicies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(source, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Spec, got.Spec); diff != "" {
		t.Errorf("`make generate` was not run (-config +chart):\n%s", diff)
	}
}

func TestTheDefinitionCanBeLeftOut(t *testing.T) {
	if found := all(render(t, "--set", "crds.install=false"), "CustomResourceDefinition"); len(found) != 0 {
		t.Error("it is rendered all the same")
	}
}

func TestTheRulesAreTheGeneratedOnes(t *testing.T) {
	source, err := os.ReadFile("../../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects := render(t)
	for document := range strings.SplitSeq(string(source), "---\n") {
		var want, got rbacv1.ClusterRole
		if err := yaml.Unmarshal([]byte(document), &want); err != nil {
			t.Fatal(err)
		}
		if want.Kind == "" {
			continue
		}
		if err := yaml.Unmarshal(named(t, objects, want.Kind, "progress-sync-manager-role").text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Rules, got.Rules); diff != "" {
			t.Errorf("%s: `make generate` was not run (-config +chart):\n%s", want.Kind, diff)
		}
	}
}

// Whoever may edit a namespace may edit its policies, however the operator was
// installed.
func TestTheRolesForPeopleAreThoseOfConfig(t *testing.T) {
	source, err := os.ReadFile("../../config/rbac/policy_roles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects := render(t)
	for document := range strings.SplitSeq(string(source), "---\n") {
		var want, got rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(document), &want); err != nil {
			t.Fatal(err)
		}
		named(t, objects, "ClusterRole", "progress-sync-"+want.Name).into(t, &got)
		if diff := cmp.Diff(want.Rules, got.Rules); diff != "" {
			t.Errorf("%s (-config +chart):\n%s", want.Name, diff)
		}
		for label := range want.Labels {
			if got.Labels[label] != "true" {
				t.Errorf("%s has no label %s", want.Name, label)
			}
		}
	}
}

func TestSecretsAreReadInTheOperatorsNamespaceOnly(t *testing.T) {
	objects := render(t)
	var cluster rbacv1.ClusterRole
	named(t, objects, "ClusterRole", "progress-sync-manager-role").into(t, &cluster)
	for _, rule := range cluster.Rules {
		for _, resource := range rule.Resources {
			if resource == "secrets" || resource == "*" {
				t.Errorf("the cluster role reaches secrets: %+v", rule)
			}
		}
		if slices.Contains(rule.Verbs, "*") {
			t.Errorf("the cluster role has all verbs: %+v", rule)
		}
	}
	var own rbacv1.Role
	one(t, objects, "Role").into(t, &own)
	if own.Namespace != "progress-sync" {
		t.Errorf("the role is in namespace %q", own.Namespace)
	}
}
