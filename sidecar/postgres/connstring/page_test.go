package connstring

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePageListsEveryParameter compares docs/connection-strings.md with what
// is read, so that nothing is left out or refused in silence.
func TestThePageListsEveryParameter(t *testing.T) {
	content, err := os.ReadFile("../../../docs/connection-strings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, leftOut, _ := strings.Cut(string(content), "## Parameters that are left out")
	leftOut, refusals, found := strings.Cut(leftOut, "## Parameters that are refused")
	if !found {
		t.Fatal("the page has no such parts")
	}
	code := regexp.MustCompile("`([^`]+)`")
	for _, r := range ignored() {
		var row []string
		for line := range strings.Lines(leftOut) {
			if rest, ok := strings.CutPrefix(line, "| "+r.name+" |"); ok {
				for _, match := range code.FindAllStringSubmatch(rest, -1) {
					row = append(row, strings.ToLower(match[1]))
				}
			}
		}
		want := strings.Fields(r.parameters)
		slices.Sort(want)
		slices.Sort(row)
		if !slices.Equal(row, want) {
			t.Errorf("%s: the page has %v, the code %v", r.name, row, want)
		}
	}
	for name := range maps.Keys(refused()) {
		if !strings.Contains(refusals, "`"+name+"`") {
			t.Errorf("the page does not say that %s is refused", name)
		}
	}
}

// TestNoParameterHasTwoMeanings looks for a name in two lists.
func TestNoParameterHasTwoMeanings(t *testing.T) {
	seen := map[string]string{}
	note := func(name, list string) {
		if other, found := seen[name]; found {
			t.Errorf("%s is in %s and in %s", name, other, list)
		}
		seen[name] = list
		if name != strings.ToLower(name) {
			t.Errorf("%s is not in lower case", name)
		}
	}
	for _, r := range ignored() {
		for name := range strings.FieldsSeq(r.parameters) {
			note(name, r.name)
		}
	}
	for name := range refused() {
		note(name, "those refused")
	}
	for name := range strings.FieldsSeq(settingsFile) {
		note(name, "the settings")
	}
	for name := range seen {
		if _, known := preparing(name, ""); known || values(name) != nil {
			t.Errorf("%s is in %s and followed", name, seen[name])
		}
	}
}
