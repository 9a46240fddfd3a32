package postgres

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

// The statements know fields by the table alone, so that a new one is written
// and read.
func TestAFieldThatNobodyKnowsIsInEveryStatement(t *testing.T) {
	own := ownTableOf(fieldsOf(fieldtest.WithStranger()))
	for file, sql := range map[string]string{"apply_own.sql": applySQL(own), "snapshot_own.sql": snapshotSQL(own)} {
		golden, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(string(golden), "pause_events", "strange_events")
		if want == string(golden) {
			t.Fatalf("%s has nothing of pause_events", file)
		}
		if diff := cmp.Diff(want, sql+"\n"); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// An array that is no field's, or that is another one's, puts values into the
// wrong column.
func TestEachFieldIsEncodedInItsArray(t *testing.T) {
	const before = firstArray - 1
	encode := func(r progress.Record) [][]byte {
		values, types := newEncoder().encode(identity{}, 1, 0, progress.Batch{Records: []progress.Record{r}}, nil)
		if len(values) != before+len(progress.Fields()) || len(types) != len(values) {
			t.Fatalf("%d values and %d types for %d fields", len(values), len(types), len(progress.Fields()))
		}
		return values
	}
	// Both have a stamp in each last writer's field, without which its value is null.
	var empty progress.Record
	for _, f := range progress.Fields() {
		if f.Stamp != nil {
			*f.Stamp(&empty) = progress.Stamp{At: 1, Received: 1}
		}
	}
	for _, f := range recordFields() {
		r := empty
		fieldtest.Give(f.Field, &r)
		without, with := encode(empty), encode(r)
		for i := range with {
			// Segments go with their step.
			segments := f.Type == progress.TypeSegments && i == f.array || f.Type == progress.TypeStep && i+2 == f.array
			if changed, its := !bytes.Equal(with[i], without[i]), i+1 == f.array || segments; changed != its {
				t.Errorf("with %s, parameter $%d has changed: %v", f.Name, i+1, changed)
			}
		}
	}
}

// A cell that keeps the last row's value gives a learner another one's progress.
func TestANullIsZeroAfterARowThatHadAValue(t *testing.T) {
	for _, f := range progress.Fields() {
		var r progress.Record
		fieldtest.Give(f, &r)
		(&cell{field: f}).give(&r)
		if f.Type == progress.TypeSegments || f.Type == progress.TypeStep { // of which each gives its half
			r.Segments, _ = progress.SegmentsFrom(r.Segments.Step, []byte(r.Segments.Bits))
		}
		if r != (progress.Record{}) {
			t.Errorf("%s is kept: %+v", f.Name, r)
		}
	}
}
