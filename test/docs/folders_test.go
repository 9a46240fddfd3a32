package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A contributor who looks for a test, a program or a tool finds it on one page.
func TestEveryFolderOfTestsIsListedByItsKind(t *testing.T) {
	listed := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| \\[`([a-z0-9]+)`\\]\\(([a-z0-9]+)\\)")
	for _, part := range strings.Split(read(t, "test/README.md"), "\n## ")[1:] {
		kind, rows, _ := strings.Cut(part, "\n")
		for _, match := range row.FindAllStringSubmatch(rows, -1) {
			if match[1] != match[2] || listed[match[1]] != "" {
				t.Errorf("%s leads to %s, and was listed as %q before", match[1], match[2], listed[match[1]])
			}
			listed[match[1]] = kind
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		if kind := kindOf(t, filepath.Join(root, "test", entry.Name())); listed[entry.Name()] != kind {
			t.Errorf("%s is one of the %s, and test/README.md lists it as one of the %q", entry.Name(), kind, listed[entry.Name()])
		}
		delete(listed, entry.Name())
	}
	for name := range listed {
		t.Errorf("test/README.md lists %s, which is not there", name)
	}
}

// kindOf tells a folder by its files: a program has a main package, a suite has
// tests and no code but theirs.
func kindOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	code, tests := false, false
	for _, file := range files {
		name := file.Name()
		switch {
		case strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, ".test.js"):
			tests = true
		case strings.HasSuffix(name, ".go"):
			content, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if regexp.MustCompile(`(?m)^package main$`).Match(content) {
				return "Programs"
			}
			code = code || name != "doc.go"
		}
	}
	if tests && !code {
		return "Suites"
	}
	return "Tools"
}
