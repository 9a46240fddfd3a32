package ingest

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
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
