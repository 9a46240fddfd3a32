package ingest

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

func TestEncodingReadsBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		var gotText string
		if err := json.Unmarshal(appendString(nil, s), &gotText); err != nil || gotText != strings.ToValidUTF8(s, "\uFFFD") {
			t.Fatalf("%q became %q: %v", s, gotText, err)
		}
		f := rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }).Draw(t, "number")
		var gotNumber float64
		if err := json.Unmarshal(appendFloat(nil, f), &gotNumber); err != nil || gotNumber != f {
			t.Fatalf("%v became %v: %v", f, gotNumber, err)
		}
	})
}

// A field that an answer lacks is one that a learner seems not to have.
func TestAnAnswerHasEveryFieldThatIsNotHidden(t *testing.T) {
	for _, f := range progress.Fields() {
		var r, none progress.Record
		fieldtest.Give(f, &r)
		var given, empty map[string]any
		if err := json.Unmarshal(append(appendRecord(nil, &r, 0), '}'), &given); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(append(appendRecord(nil, &none, 0), '}'), &empty); err != nil {
			t.Fatal(err)
		}
		if _, there := given[f.Name]; there == f.Hidden {
			t.Errorf("%s is in the answer: %v", f.Name, there)
		}
		if _, there := empty[f.Name]; there == (f.Hidden || f.IsOptional()) {
			t.Errorf("%s of an empty record is in the answer: %v", f.Name, there)
		}
	}
}
