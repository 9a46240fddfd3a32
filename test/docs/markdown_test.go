package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// page is a documentation file.
type page struct {
	name string // relative to the project
	text string
}

func pages(t *testing.T) []page {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md", "test/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	pages := make([]page, 0, len(names))
	for _, name := range names {
		relative, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page{relative, read(t, relative)})
	}
	if len(pages) < 10 {
		t.Fatalf("only %d pages found", len(pages))
	}
	return pages
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var fenced = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)\n```\n")

// blocks returns the fenced blocks of a language.
func blocks(text, language string) []string {
	var found []string
	for _, match := range fenced.FindAllStringSubmatch(text, -1) {
		if match[1] == language {
			found = append(found, match[2]+"\n")
		}
	}
	return found
}

var heading = regexp.MustCompile(`(?m)^(#+) (.+)$`)

// headings returns the titles of a level, outside of fenced blocks.
func headings(text string, level int) []string {
	var found []string
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		if len(match[1]) == level || level == 0 {
			found = append(found, match[2])
		}
	}
	return found
}

// anchor is the name by which a heading is linked to.
func anchor(title string) string {
	title = strings.ToLower(title)
	title = regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(title, "")
	return strings.ReplaceAll(title, " ", "-")
}

// matches returns the first group of every match, each once.
func matches(pattern, text string) map[string]bool {
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return found
}

// same fails for names that are in only one of two sets.
func same(t *testing.T, whatA string, a map[string]bool, whatB string, b map[string]bool) {
	t.Helper()
	if len(a) == 0 || len(b) == 0 {
		t.Fatalf("%d in %s, %d in %s", len(a), whatA, len(b), whatB)
	}
	for name := range a {
		if !b[name] {
			t.Errorf("%s is in %s and not in %s", name, whatA, whatB)
		}
	}
	for name := range b {
		if !a[name] {
			t.Errorf("%s is in %s and not in %s", name, whatB, whatA)
		}
	}
}

// source returns the Go files of a folder and those below it, without tests.
func source(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
