package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// WritePart replaces one part of a page that several commands write, each its
// own; a part that is not there yet goes to the end. A page that does not exist
// is made.
func WritePart(path, name, text string) error {
	page, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the page to write a part of it: %w", err)
	}
	if err := os.WriteFile(path, []byte(withPart(string(page), name, text)), 0o644); err != nil {
		return fmt.Errorf("writing a part of the page: %w", err)
	}
	return nil
}

// withPart is the page with the part between its marks.
func withPart(page, name, text string) string {
	begin, end := "<!-- part "+name+" -->\n", "<!-- end of "+name+" -->\n"
	part := begin + strings.TrimRight(text, "\n") + "\n" + end
	before, rest, found := strings.Cut(page, begin)
	if !found {
		if page != "" && !strings.HasSuffix(page, "\n\n") {
			page += "\n"
		}
		return page + part
	}
	_, after, _ := strings.Cut(rest, end)
	return before + part + after
}
