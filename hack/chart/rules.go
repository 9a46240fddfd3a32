package main

import (
	"bytes"
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// role is what ClusterRole and Role have in common.
type role struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Rules             []rbacv1.PolicyRule `json:"rules"`
}

// prefix is what kustomize puts before the names of the operator's own objects.
// In the chart it is the release's name.
const prefix = "progress-sync-"

// rulesTemplate turns the roles of controller-gen into two named templates: the
// rules that hold in the whole cluster and those of the operator's namespace.
func rulesTemplate(source []byte) ([]byte, error) {
	names := map[string]string{
		"ClusterRole": "progress-sync.clusterRules",
		"Role":        "progress-sync.namespacedRules",
	}
	var out bytes.Buffer
	out.WriteString("{{- /* Written by `make generate` from config/rbac/role.yaml. */ -}}\n")
	for document := range bytes.SplitSeq(source, []byte("---\n")) {
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		var r role
		if err := yaml.UnmarshalStrict(document, &r); err != nil {
			return nil, err
		}
		name, wanted := names[r.Kind]
		if !wanted {
			return nil, fmt.Errorf("a second role or an unknown kind: %s %s", r.Kind, r.Name)
		}
		delete(names, r.Kind)
		for _, rule := range r.Rules {
			for i, name := range rule.ResourceNames {
				if own, ok := strings.CutPrefix(name, prefix); ok {
					rule.ResourceNames[i] = `{{ include "progress-sync.fullname" . }}-` + own
				}
			}
		}
		rules, err := yaml.Marshal(r.Rules)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "{{- define %q -}}\n%s{{- end }}\n", name, rules)
	}
	for kind := range names {
		return nil, fmt.Errorf("no %s", kind)
	}
	return out.Bytes(), nil
}
