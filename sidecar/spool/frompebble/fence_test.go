package frompebble

import (
	"os"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// TestAnEarlierVersionRefusesASpoolInPlaceOfRemovingIt: on a claim of several pods a
// version up to 0.1 opens the directories of pods that have gone, and removes those that
// hold nothing by its own reading.
func TestAnEarlierVersionRefusesASpoolInPlaceOfRemovingIt(t *testing.T) {
	dir := t.TempDir()
	open := func() {
		t.Helper()
		s, err := spool.Open(spool.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open()
	before := names(t, dir)
	if db, err := pebble.Open(dir, &pebble.Options{FS: vfs.Default, Logger: discard{}}); err == nil {
		_ = db.Close()
		t.Fatal("Pebble takes the spool for one of its own")
	}
	if diff := cmp.Diff(before, names(t, dir)); diff != "" {
		t.Errorf("Pebble has changed the directory:\n%s", diff)
	}
	open()
	if slices.ContainsFunc(names(t, dir), spool.IsPebbleFile) {
		t.Error("the spool looks like one of an earlier version")
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

type discard struct{}

func (discard) Infof(string, ...any)  {}
func (discard) Errorf(string, ...any) {}
func (discard) Fatalf(string, ...any) {}
