package postgres

import (
	"math"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestARecordThatPostgresRefusesIsBadDataAndWritesNothing(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w := claim(t, d)
	full := watched(1)
	full.SeekEvents = math.MaxInt64
	w.apply(t, full)
	before := read(t, d, key(1))
	tests := map[string]struct {
		change   func(*progress.Record)
		sqlState string
	}{
		"a sum beyond bigint":              {func(r *progress.Record) { r.SeekEvents = 1 }, "22003"},
		"a zero byte":                      {func(r *progress.Record) { r.UserID = "a\x00b" }, "22021"},
		"text that is not UTF-8":           {func(r *progress.Record) { r.ModuleID, r.ModuleStamp.At = "\xff", someTime }, "22021"},
		"a time before Postgres' calendar": {func(r *progress.Record) { r.FirstWatchedAt = math.MinInt64 }, "22008"},
		"a key too long for the index":     {func(r *progress.Record) { r.LessonID = noise(9000) }, "54000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bad, good := watched(1), watched(0)
			bad.SeekEvents = 0
			tt.change(&bad)
			_, err := w.try(t.Context(), w.next(good, bad))
			if f := Classify(err); f.Class != BadData || f.Retry != Data || f.SQLState != tt.sqlState {
				t.Errorf("got %+v", f)
			}
			if saved, err := d.readAll(t.Context(), Filter(key(0))); err != nil || len(saved) > 0 {
				t.Errorf("a part of the batch was written: %v, %v", saved, err)
			}
			if after := read(t, d, key(1)); after != before {
				t.Errorf("the row became %+v", after)
			}
		})
	}
	// The lane goes on.
	w.apply(t, watched(2))
}

func TestAKeyTwiceInABatchIsRefused(t *testing.T) {
	w := claim(t, open(t, Options{URI: fixed(pgtest.Database(t))}))
	_, err := w.try(t.Context(), w.next(watched(1), watched(1)))
	if f := Classify(err); f.Class != BadData || f.SQLState != "21000" {
		t.Errorf("got %+v", f)
	}
}

// noise is text that doesn't compress.
func noise(length int) string {
	var b strings.Builder
	for n := uint32(1); b.Len() < length; n = n*1664525 + 1013904223 {
		b.WriteByte('!' + byte(n>>24)%90)
	}
	return b.String()
}
