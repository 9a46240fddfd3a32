package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryRequirementThatPassesIsHeldByATest reads the page's tables and the sources
// of the tests that it names.
func TestEveryRequirementThatPassesIsHeldByATest(t *testing.T) {
	var b strings.Builder
	for _, dir := range []string{"events", "ingest", "postgres", "run"} {
		err := filepath.WalkDir(filepath.Join(root, "sidecar", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			b.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := b.String()
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)(?:/([^`]+))?`")
	passed := 0
	for line := range strings.Lines(read(t, "docs/standards.md")) {
		found := named.FindAllStringSubmatch(line, -1)
		if strings.Contains(line, "| pass") {
			passed++
			if len(found) == 0 {
				t.Errorf("no test holds: %s", line)
			}
		}
		for _, name := range found {
			if !strings.Contains(tests, "func "+name[1]+"(t *testing.T)") {
				t.Errorf("there is no %s", name[1])
			}
			if name[2] != "" && !strings.Contains(tests, `"`+name[2]+`"`) {
				t.Errorf("%s has no case %q", name[1], name[2])
			}
		}
	}
	if least := 40; passed < least {
		t.Errorf("only %d requirements pass", passed)
	}
}
