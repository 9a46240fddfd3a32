package ingest

import (
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
