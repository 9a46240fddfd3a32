//go:build envtest

package docs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/test/apiserver"
)

func server(t *testing.T) client.Client {
	t.Helper()
	environment, err := apiserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(environment.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	campus := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "campus"}}
	if err := c.Create(t.Context(), campus); err != nil {
		t.Fatal(err)
	}
	return c
}

// manifests returns what the pages and the samples hold, by where it is.
func manifests(t *testing.T) map[string]unstructured.Unstructured {
	t.Helper()
	found := map[string]unstructured.Unstructured{}
	add := func(where, text string) {
		t.Helper()
		var object unstructured.Unstructured
		if err := yaml.UnmarshalStrict([]byte(text), &object.Object); err != nil {
			t.Errorf("%s: %v\n%s", where, err, text)
		}
		if object.GetKind() != "" {
			found[where+": "+object.GetKind()+" "+object.GetName()+" "+text] = object
		}
	}
	for _, p := range pages(t) {
		for _, block := range blocks(p.text, "yaml") {
			add(p.name, block)
		}
	}
	samples, err := filepath.Glob(filepath.Join(root, "config/samples/progresssync*.yaml"))
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples {
		content, err := os.ReadFile(sample)
		if err != nil {
			t.Fatal(err)
		}
		add(sample, string(content))
	}
	return found
}

func TestTheManifestsAreAccepted(t *testing.T) {
	c := server(t)
	all := manifests(t)
	if len(all) < 5 {
		t.Fatalf("only %d manifests found", len(all))
	}
	for where, object := range all {
		if object.GetNamespace() != "campus" && object.GetNamespace() != "" {
			t.Errorf("%s is in namespace %s", where, object.GetNamespace())
		}
		object.SetNamespace("campus")
		if err := c.Create(t.Context(), &object, client.DryRunAll, client.FieldValidation("Strict")); err != nil {
			t.Errorf("%s\n%v", where, err)
		}
	}
}

// The page on the API shows a complete policy with all defaults.
func TestTheDefaultsShownAreTheDefaults(t *testing.T) {
	c := server(t)
	shown := blocks(read(t, "docs/api.md"), "yaml")
	var specs []any
	var written any
	for _, text := range shown[:2] {
		var policy unstructured.Unstructured
		if err := yaml.UnmarshalStrict([]byte(text), &policy.Object); err != nil {
			t.Fatal(err)
		}
		written = policy.DeepCopy().Object["spec"]
		if err := c.Create(t.Context(), &policy, client.DryRunAll); err != nil {
			t.Fatal(err)
		}
		specs = append(specs, policy.Object["spec"])
	}
	if diff := cmp.Diff(specs[0], specs[1]); diff != "" {
		t.Errorf("what is shown is not the default (-default +shown):\n%s", diff)
	}
	if diff := cmp.Diff(fields("", specs[0]), fields("", written)); diff != "" {
		t.Errorf("fields with a default are not shown (-default +shown):\n%s", diff)
	}
}

// fields are the paths of all values, sorted.
func fields(path string, value any) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return []string{path}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		found = append(found, fields(path+"."+name, object[name])...)
	}
	return found
}
