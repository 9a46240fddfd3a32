package readme

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var fenced = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)\n```\n")

// section of a page, with what is below its heading of the second level.
func section(page, title string) (string, error) {
	_, rest, found := strings.Cut(page, "\n## "+title+"\n")
	if !found {
		return "", fmt.Errorf("there is no section %q", title)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text, nil
}

// commands are the lines of a section's console blocks. A line that ends with a
// backslash goes on in the next.
func commands(text string) []string {
	var lines []string
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		if block[1] != "console" {
			continue
		}
		whole := strings.ReplaceAll(block[2], "\\\n", "")
		lines = append(lines, strings.Split(whole, "\n")...)
	}
	return lines
}

func TestCommandsAreTheLinesOfConsoleBlocks(t *testing.T) {
	page := "# Page\n\n## Before\n\n```console\nno\n```\n\n## Install\n\n```console\none\ntwo \\\n  and more\n```\n" +
		"\nText.\n\n```yaml\na: b\n```\n\n```console\nthree\n```\n\n## After\n\n```console\nno\n```\n"
	text, err := section(page, "Install")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one", "two   and more", "three"}, commands(text)); diff != "" {
		t.Error(diff)
	}
	if _, err := section(page, "Uninstall"); err == nil {
		t.Error("a section that is not there was found")
	}
}
