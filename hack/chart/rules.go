package main

import (
	"bytes"
	"fmt"

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

// named are the objects whose names the operator is told by its flags. In config/
// they have kustomize's prefix, in the chart the release's name. Other names,
// such as the lease's, are the operator's own and the same everywhere.
func named() map[string]string {
	const release = `{{ include "progress-sync.fullname" . }}`
	return map[string]string{
		"progress-sync-manager-role": release + "-manager-role",
		"progress-sync-webhook-cert": release + "-webhook-cert",
	}
}

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
				if own, ok := named()[name]; ok {
					rule.ResourceNames[i] = own
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
