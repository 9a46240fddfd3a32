//go:build chart

package chart

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/test/kit/project"
)

const chartDir = "../../charts/progress-sync"

// kubeVersion is given to helm, which has no cluster to ask here.
const kubeVersion = "--kube-version=v1.37.2"

func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cache, err := project.Cache()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "bin", "helm")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: `make tools` builds it", err)
	}
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), errors.New(strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// object is a rendered manifest: its text, and what every object has.
type object struct {
	text       []byte
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
}

// into decodes the object and fails on a field that its type does not have.
func (o object) into(t *testing.T, target any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(o.text, target); err != nil {
		t.Fatalf("%s %s: %v\n%s", o.Kind, o.Metadata.Name, err, o.text)
	}
}

func render(t *testing.T, args ...string) []object {
	t.Helper()
	out, err := helm(t, append([]string{"template", "progress-sync", chartDir, "--namespace", "progress-sync", kubeVersion}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var objects []object
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(out)))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		o := object{text: text}
		if err := yaml.Unmarshal(text, &o); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if o.Kind != "" {
			objects = append(objects, o)
		}
	}
}

// one returns the only object of a kind.
func one(t *testing.T, objects []object, kind string) object {
	t.Helper()
	found := all(objects, kind)
	if len(found) != 1 {
		t.Fatalf("%d objects of kind %s, want one", len(found), kind)
	}
	return found[0]
}

// named returns the object of a kind and a name.
func named(t *testing.T, objects []object, kind, name string) object {
	t.Helper()
	for _, o := range all(objects, kind) {
		if o.Metadata.Name == name {
			return o
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return object{}
}

func all(objects []object, kind string) []object {
	var found []object
	for _, o := range objects {
		if o.Kind == kind {
			found = append(found, o)
		}
	}
	return found
}
