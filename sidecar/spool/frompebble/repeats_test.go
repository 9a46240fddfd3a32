package frompebble

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// An update that a version with Pebble accepted and that is repeated after the
// upgrade must not be counted twice.
func TestEventsThatPebbleHadAreRecognizedAfterTheImport(t *testing.T) {
	// Some of the events in want.json, with the ids that clients gave them.
	var accepted []progress.Update
	for _, e := range [][3]string{
		{"ada", "confirmed", "1"}, {"ada", "pending", "8"}, {"ada", "frozen", "4"}, {"bob", "confirmed", "2"},
		{"bob", "frozen", "5"}, {"bob", "later", "9"}, {"cyd", "confirmed", "3"}, {"cyd", "frozen", "6"},
	} {
		accepted = append(accepted, progress.Update{
			Key: progress.Key{UserID: e[0], CourseID: "course", LessonID: e[1]}, EventID: e[2], SeekEvents: 1,
		})
	}
	for _, name := range []string{"closed", "killed"} {
		t.Run(name, func(t *testing.T) {
			d, _ := earlierSpool(t, name)
			if _, err := imported(t, d); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time with a spool that was used
				b, err := buffer.Open(buffer.Options{Dir: dir, FS: d, Policy: buffer.Policy{EventIDs: buffer.EventIDs{MaxCount: 1000}}})
				if err != nil {
					t.Fatal(err)
				}
				results, err := b.Put(t.Context(), accepted)
				if err != nil {
					t.Error(err)
				}
				for i, r := range results {
					if !r.Duplicate || r.Err != nil {
						t.Errorf("%+v is taken for another event: %+v", accepted[i], r)
					}
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
