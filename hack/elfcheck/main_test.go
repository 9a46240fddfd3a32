package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "arm64")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building for arm64: %v\n%s", err, out)
	}

	if err := check(binary, "arm64"); err != nil {
		t.Errorf("a static arm64 binary is refused: %v", err)
	}
	if err := check(binary, "amd64"); err == nil || !strings.Contains(err.Error(), "EM_AARCH64") {
		t.Errorf("an arm64 binary in place of an amd64 one gives %v", err)
	}
	if err := check(source, "arm64"); err == nil {
		t.Error("a text file is taken")
	}
	if err := check(binary, "riscv64"); err == nil {
		t.Error("an unknown architecture is taken")
	}
}
