package postgres

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestASnapshotSaysHowFarTheWriterHadCome(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w := claim(t, d)
	read := func(writer string, want Snapshot) {
		t.Helper()
		got, err := d.ReadAt(t.Context(), writer, Filter{UserID: key(1).UserID})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("unexpected snapshot (-want +got):\n%s", diff)
		}
	}
	read(w.id, Snapshot{Numbers: []uint64{0}})
	record := progress.Update{Key: key(1), SeekEvents: 3}.Record(someTime, 95)
	w.apply(t, record)
	read(w.id, Snapshot{Numbers: []uint64{1}, Records: []progress.Record{record}})
	read("7d8f5a1e-0000-4000-8000-000000000000", Snapshot{Records: []progress.Record{record}})
	if n := d.Connections(); n < 1 || n > 2 {
		t.Errorf("%d connections are open", n)
	}
}
