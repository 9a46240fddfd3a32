//go:build chart

package chart

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestBadValuesAreRefusedWithTheirName(t *testing.T) {
	for name, tt := range map[string]struct {
		set, says string
	}{
		"no replicas":                       {"replicas=0", "/replicas"},
		"a replica count that is no number": {"replicas=two", "/replicas"},
		"a misspelt value":                  {"replicaCount=2", "replicaCount"},
		"a misspelt value further down":     {"webhook.prot=9443", "prot"},
		"a privileged port":                 {"webhook.port=443", "/webhook/port"},
		"an unknown log level":              {"operator.logLevel=trace", "/operator/logLevel"},
		"an interval that is no duration":   {"operator.statusInterval=15", "/operator/statusInterval"},
		"a delay that is no number":         {"operator.shutdownDelaySeconds=5s", "/operator/shutdownDelaySeconds"},
		"an unknown pull policy":            {"image.pullPolicy=Sometimes", "/image/pullPolicy"},
		"a digest without its algorithm":    {"image.digest=abc", "/image/digest"},
		"an empty repository":               {"sidecar.image.repository=", "/sidecar/image/repository"},
		"a pull secret without a name":      {"imagePullSecrets[0].nam=x", "/imagePullSecrets/0"},
		"a name that is no DNS label":       {"fullnameOverride=Progress_Sync", "/fullnameOverride"},
		"an account that nobody makes":      {"serviceAccount.create=false", "serviceAccount.name"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := helm(t, "template", "progress-sync", chartDir, kubeVersion, "--set", tt.set)
			if err == nil {
				t.Fatalf("it is rendered:\n%s", out)
			}
			if !strings.Contains(strings.ReplaceAll(err.Error(), ".", "/"), strings.ReplaceAll(tt.says, ".", "/")) {
				t.Errorf("the message does not name %s:\n%v", tt.says, err)
			}
		})
	}
}

// Every value has a place in the schema, or a misspelt default would go unseen.
func TestTheSchemaDescribesEveryValue(t *testing.T) {
	type schema struct {
		Description string            `json:"description"`
		Type        any               `json:"type"`
		Properties  map[string]schema `json:"properties"`
		Additional  any               `json:"additionalProperties"`
	}
	read := func(name string, into any) {
		t.Helper()
		content, err := os.ReadFile(chartDir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(content, into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var top schema
	var values map[string]any
	read("values.schema.json", &top)
	read("values.yaml", &values)

	var check func(path string, s schema, values map[string]any)
	check = func(path string, s schema, values map[string]any) {
		for name, value := range values {
			child, known := s.Properties[name]
			if !known {
				t.Errorf("%s%s is not in the schema", path, name)
				continue
			}
			if nested, ok := value.(map[string]any); ok && len(child.Properties) > 0 {
				check(path+name+".", child, nested)
			} else if child.Description == "" {
				t.Errorf("%s%s has no description", path, name)
			}
		}
		for name := range s.Properties {
			if _, known := values[name]; !known && path+name != "global" {
				t.Errorf("%s%s is in the schema and not in values.yaml", path, name)
			}
		}
	}
	check("", top, values)
}
