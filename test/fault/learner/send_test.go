package learner

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/test/truth"
)

func TestOutcomes(t *testing.T) {
	const a, r, u = truth.Acknowledged, truth.Refused, truth.Uncertain
	for name, c := range map[string]struct {
		code   int
		answer string
		want   []truth.Outcome // nil for an answer that no sidecar may give
	}{
		"accepted":                          {200, "{}", []truth.Outcome{a, a, a}},
		"accepted in few words":             {204, "", []truth.Outcome{a, a, a}},
		"one refused for lack of room":      {207, `{"errors":[{"index":1,"status":429}]}`, []truth.Outcome{a, r, a}},
		"one refused for its content":       {207, `{"errors":[{"index":1,"status":422}]}`, nil},
		"an item that was not sent refused": {207, `{"errors":[{"index":3,"status":429}]}`, nil},
		"half an answer":                    {207, `{"errors":[{"in`, nil},
		"one whose home took nothing":       {207, `{"errors":[{"index":1,"status":503,"detail":"the learner's home kept nothing of this item"}]}`, []truth.Outcome{a, r, a}},
		"one whose home did not answer":     {207, `{"errors":[{"index":1,"status":503,"detail":"it may have accepted this"}]}`, []truth.Outcome{a, u, a}},
		"a home that did not answer":        {503, `{"type":"urn:progress-sync:problem:in-doubt"}`, []truth.Outcome{u, u, u}},
		"all refused for lack of room":      {429, "{}", []truth.Outcome{r, r, r}},
		"a full disk":                       {507, "{}", []truth.Outcome{r, r, r}},
		"a shutdown":                        {503, `{"type":"urn:progress-sync:problem:stopping"}`, []truth.Outcome{r, r, r}},
		"a disk that failed under way":      {503, `{"type":"urn:progress-sync:problem:disk-failed"}`, []truth.Outcome{u, u, u}},
		"a mistake of the sidecar":          {500, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := outcomes(c.code, []byte(c.answer), 3)
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.want == nil) {
				t.Error(err, diff)
			}
		})
	}
}

func TestTimesAreUniqueRisingAndNotAhead(t *testing.T) {
	var c clock
	first := c.next(1000)
	second := c.next(1000)
	all := slices.Concat(first, second)
	for i := 1; i < len(all); i++ {
		if !all[i].After(all[i-1]) {
			t.Fatalf("time %d is %s after %s", i, all[i], all[i-1])
		}
	}
	var later clock
	if last := all[len(all)-1]; last.After(later.next(1)[0]) {
		t.Error("a time is ahead of the clock")
	}
}
