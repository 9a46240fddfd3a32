//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// The operator is replaced, so this test is not parallel.

func TestHelm4AndKustomizeInstallTheOperatorToo(t *testing.T) {
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	chart := filepath.Join(c.cluster.Root, "charts", "progress-sync")
	t.Cleanup(func() {
		if err := c.install(c.background()); err != nil {
			t.Error(err)
		}
	})
	kubectl := func(arguments ...string) string {
		t.Helper()
		output, err := c.cluster.Kubectl(c.background(), arguments...)
		if err != nil {
			t.Fatalf("kubectl %v: %v\n%s", arguments, err, output)
		}
		return output
	}
	serves := func(by string) {
		t.Helper()
		c.eventuallyInjected()
		c.eventuallyPolicy("the policy is Ready with the operator of "+by, func(p *v1alpha1.ProgressSyncPolicy) error {
			return condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
		})
	}

	if _, err := c.cluster.Helm(t.Context(), "uninstall", release, "--namespace", operatorNamespace, "--wait"); err != nil {
		t.Fatal(err)
	}
	values := []string{"--namespace", operatorNamespace, "--set", "replicas=1", "--wait", "--timeout", "2m"}
	for _, command := range [][]string{
		append([]string{"install", release, chart}, values...),
		append([]string{"upgrade", release, chart, "--set", "podAnnotations.again=yes"}, values...),
	} {
		if _, err := c.cluster.Helm4(t.Context(), command...); err != nil {
			t.Fatal(err)
		}
		serves("Helm 4")
	}
	if _, err := c.cluster.Helm4(t.Context(), "uninstall", release, "--namespace", operatorNamespace, "--wait"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.policy(t.Context()); err != nil {
		t.Fatalf("uninstalling took the policies along: %v", err)
	}

	config := filepath.Join(c.cluster.Root, "config", "default")
	remains := filepath.Join(t.TempDir(), "without-crd.yaml")
	var kept []string
	for document := range strings.SplitSeq(kubectl("kustomize", config), "\n---\n") {
		// With the CRD the policies would go.
		if !strings.Contains(document, "kind: CustomResourceDefinition") {
			kept = append(kept, document)
		}
	}
	if err := os.WriteFile(remains, []byte(strings.Join(kept, "\n---\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kubectl("delete", "--ignore-not-found", "--wait", "-f", remains) })
	// Helm owns fields of the CRD that it has left.
	kubectl("apply", "--server-side", "--force-conflicts", "-k", config)
	kubectl("--namespace", "progress-sync", "rollout", "status", "deployment/progress-sync-operator", "--timeout=2m")
	serves("kustomize")
}
