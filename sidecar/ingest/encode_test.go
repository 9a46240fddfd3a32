package ingest

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
	"github.com/progress-sync/progress-sync/sidecar/state"
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

// The answers that hold records spell the sync state by themselves: a client must
// find there what GET /v1/sync says.
func TestTheSyncStateBesideRecordsIsTheOneThatAnyoneGets(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 30, 0, 123_000, time.FixedZone("", 3600))
	for name, s := range map[string]state.SyncState{
		"nothing":    {},
		"everything": {Status: "error", PendingUpdates: 3, LastSyncedAt: &at, NextSyncAt: &at, RetryCount: 2, Error: &state.SyncError{Kind: "network", Message: "<\"é\">"}, Writer: "w", Variant: "\"slow\" é"},
	} {
		var spelled, encoded any
		if err := json.Unmarshal(appendSyncState(nil, &s, name != "nothing"), &spelled); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encode(answerSync(s, name != "nothing")), &encoded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(spelled, encoded); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
