package report

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEachCommandWritesItsOwnPartOfThePage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	for _, part := range [][2]string{{"a", "first"}, {"b", "second"}, {"a", "changed\n"}} {
		if err := WritePart(path, part[0], part[1]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "<!-- part a -->\nchanged\n<!-- end of a -->\n\n<!-- part b -->\nsecond\n<!-- end of b -->\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
