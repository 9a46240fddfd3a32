package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Where a program can reach templates, the linker keeps every exported method, and an
// idle sidecar takes four MiB more of each pod (hack/build.sh).
func TestTheSidecarIsBuiltWithoutTemplates(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "grpcnotrace", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, "net/http") {
		t.Fatalf("the list of packages lacks net/http:\n%s", out)
	}
	for _, name := range []string{"text/template", "html/template"} {
		if slices.Contains(packages, name) {
			t.Errorf("the sidecar links %s; `go mod why %s` says for whom", name, name)
		}
	}
}
