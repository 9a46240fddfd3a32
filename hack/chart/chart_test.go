package main

import (
	"strings"
	"testing"
)

func TestRulesTemplate(t *testing.T) {
	const cluster = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: operator\nrules:\n- apiGroups: [\"\"]\n  resources: [pods]\n  resourceNames: [progress-sync-webhook-cert, progress-sync-operator]\n  verbs: [list]\n"
	own := strings.NewReplacer("ClusterRole", "Role", "pods", "secrets").Replace(cluster)

	got, err := rulesTemplate([]byte(cluster + own))
	if err != nil {
		t.Fatal(err)
	}
	clusterRules, ownRules, found := strings.Cut(string(got), "progress-sync.namespacedRules")
	if !found || !strings.Contains(clusterRules, "pods") || strings.Contains(clusterRules, "secrets") || !strings.Contains(ownRules, "secrets") {
		t.Errorf("rules are not where they belong:\n%s", got)
	}
	for _, name := range []string{`{{ include "progress-sync.fullname" . }}-webhook-cert`, "progress-sync-operator"} {
		if !strings.Contains(clusterRules, name) {
			t.Errorf("no object is named %s:\n%s", name, got)
		}
	}
	for name, bad := range map[string]string{
		"without a Role":             cluster,
		"with two cluster roles":     cluster + cluster + own,
		"with something else inside": cluster + own + "---\nkind: Pod\n",
	} {
		if _, err := rulesTemplate([]byte(bad)); err == nil {
			t.Errorf("a file %s was taken", name)
		}
	}
}
