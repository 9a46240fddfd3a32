package programs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionsComeFromTheToolModules(t *testing.T) {
	for _, p := range all() {
		t.Run(p.Name, func(t *testing.T) {
			gomod, err := os.ReadFile(filepath.Join("..", "tools", p.Tool, "go.mod"))
			if err != nil {
				t.Fatal(err)
			}
			version, err := requiredVersion(gomod, p.Module)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(version, "v") {
				t.Fatalf("version of %s is %q", p.Name, version)
			}
		})
	}
}

func TestRequiredVersion(t *testing.T) {
	const gomod = `module example.com/tool

require example.com/alone v1.2.3

require (
	example.com/first v0.1.0
	example.com/second v2.0.0+incompatible // indirect
)

replace example.com/replaced => example.com/replaced v9.9.9
`
	cases := []struct{ module, want string }{
		{"example.com/alone", "v1.2.3"},
		{"example.com/first", "v0.1.0"},
		{"example.com/second", "v2.0.0+incompatible"},
		{"example.com/replaced", ""},
		{"example.com/absent", ""},
	}
	for _, c := range cases {
		got, err := requiredVersion([]byte(gomod), c.module)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("requiredVersion(%s) = %q, %v; want %q", c.module, got, err, c.want)
		}
	}
}

func TestAChangedPinChangesTheFingerprint(t *testing.T) {
	dir := t.TempDir()
	write := func(sum string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "go.sum"), []byte(sum), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]string{}
	record := func(what string, p Program, version, toolchain string) {
		t.Helper()
		sum, err := fingerprint(dir, p, version, toolchain)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[sum]; twice {
			t.Errorf("%s and %s have the same fingerprint", what, other)
		}
		seen[sum] = what
	}
	kubelet := Program{Name: Kubelet, Package: "k8s.io/kubernetes/cmd/kubelet", stamp: kubernetesVersion}
	write("one")
	record("the first", kubelet, "v1.37.2", "go1.26.8")
	record("another toolchain", kubelet, "v1.37.2", "go1.26.9")
	record("another version", kubelet, "v1.37.3", "go1.26.8")
	write("two")
	record("another sum", kubelet, "v1.37.2", "go1.26.8")
}
