package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

// A field that is in the table and not in these files is lost at the next start,
// or is in no answer.
func TestWhatFollowsFromTheTableIsCurrent(t *testing.T) {
	for path, current := range contents(t) {
		text, err := current.render(current.text, progress.Fields())
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if diff := cmp.Diff(current.text, text); diff != "" {
			t.Errorf("%s is not what the table says: run `make generate`\n%s", path, diff)
		}
	}
}

func TestAFieldThatNobodyKnowsTravels(t *testing.T) {
	for path, wanted := range map[string][]string{
		"sidecar/ingest/record.go":         {`,"strangeEvents":`, "r.PauseEvents"},
		"sidecar/web/openapi/openapi.json": {`"strangers": {"type": ["integer", "null"], "minimum": 0, "maximum": 1000000,`, `"strangeEvents": {"type": "integer", "minimum": 0}`},
		"api/v1alpha1/spec_mapping.go":     {"'seekEvents', 'strangeEvents', 'updateCount'", "seekEvents, strangeEvents, updateCount"},
	} {
		current := contents(t)[path]
		text, err := current.render(current.text, fieldtest.WithStranger())
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s", path, want)
			}
		}
	}
}

// A number that is used again makes a spool unreadable.
func TestTwoFieldsHaveNoNumberInCommon(t *testing.T) {
	fields := progress.Fields()
	for i := range fields {
		if fields[i].Name == "seekEvents" {
			fields[i].Part = 1
		}
	}
	if _, err := codec("", fields); err == nil || !strings.Contains(err.Error(), "number 1 in the spool") {
		t.Errorf("got %v", err)
	}
}

type content struct {
	output
	text string
}

// contents are the outputs as they are in the project, by their paths.
func contents(t *testing.T) map[string]content {
	t.Helper()
	all := map[string]content{}
	for _, o := range outputs() {
		text, err := os.ReadFile("../../" + o.path)
		if err != nil {
			t.Fatal(err)
		}
		all[o.path] = content{o, string(text)}
	}
	return all
}
