package ingest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A hint that is lost in one form of a body leaves its learner to the interval.
func TestHintsReachTheBufferFromEveryForm(t *testing.T) {
	leaving, hurried := item("a", `,"leaving":true`), item("b", `,"syncWithin":20`)
	for name, c := range map[string]struct {
		body, content string
		want          []string
	}{
		"one update": {leaving, "", []string{"a true 0"}},
		"an array":   {"[" + leaving + "," + item("x") + "," + hurried + "]", "", []string{"a true 0", "b false 20"}},
		"lines":      {leaving + "\n" + item("x") + "\n" + hurried, "application/x-ndjson", []string{"a true 0", "b false 20"}},
		"none":       {item("a", `,"leaving":false,"syncWithin":null`), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			r := post(c.body)
			if c.content != "" {
				r.Header.Set("Content-Type", c.content)
			}
			expect(t, d.ask(t, r), 200, nil)
			if diff := cmp.Diff(c.want, d.buffer.hinted); diff != "" {
				t.Errorf("the buffer got other hints:\n%s", diff)
			}
		})
	}
}

// Who only says that they leave has done nothing, and is told what waits.
func TestAnUpdateWithNothingButAHintIsAcceptedAndTold(t *testing.T) {
	hint := item("a", `,"leaving":true`)
	for name, c := range map[string]struct {
		before  string
		counted int
		want    map[string]any
	}{
		"nothing waits":  {"", 1, map[string]any{"progress.userId": "a", "progress.saved": true, "progress.pendingUpdates": 0.0}},
		"an update does": {item("a", `,"currentTime":7`), 2, map[string]any{"progress.positionSeconds": 7.0, "progress.saved": false, "progress.pendingUpdates": 1.0}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			if c.before != "" {
				expect(t, d.ask(t, post(c.before)), 200, nil)
			}
			a := d.ask(t, post(hint))
			expect(t, a, 200, c.want)
			if strings.Contains(a.text, "duplicate") {
				t.Errorf("it is called a duplicate: %s", a.text)
			}
			if d.state.accepted != c.counted || d.state.merged != 0 || d.state.repeated != 0 {
				t.Errorf("%d are accepted, %d merged and %d repeated", d.state.accepted, d.state.merged, d.state.repeated)
			}
		})
	}
}
