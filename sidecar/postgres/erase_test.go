package postgres

import (
	"context"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestAnErasedLearnerStaysErased(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w := claim(t, d)
	another := watched(1)
	another.UserID = "neighbour"
	w.apply(t, watched(1), watched(2), another)
	at := someTime + 10
	erased, err := d.Erase(t.Context(), "learner", at.Time())
	if err != nil || erased != (Erased{Rows: 2}) {
		t.Fatalf("erased %+v, %v", erased, err)
	}
	late := watched(3)
	late.ReceivedAt = at
	back := progress.Update{Key: key(4), SeekEvents: 1}.Record(at+1, 95)
	if r := w.apply(t, late, back, another); r.Rows != 2 {
		t.Errorf("%d rows were written, want that of the neighbour and the one from after the erasure", r.Rows)
	}
	records, err := d.readAll(t.Context(), Filter{UserID: "learner"})
	if err != nil || len(records) != 1 || records[0].Key != key(4) {
		t.Errorf("saved are %+v, %v", records, err)
	}
	if got := read(t, d, another.Key); got.UpdateCount != 2 {
		t.Errorf("the neighbour has %d updates, want 2", got.UpdateCount)
	}
	// The answer was lost and the call is repeated: what came since stays.
	if erased, err := d.Erase(t.Context(), "learner", at.Time()); err != nil || erased != (Erased{Repeated: true}) {
		t.Errorf("the repeated call erased %+v, %v", erased, err)
	}
	if erased, err := d.Erase(t.Context(), "learner", (at + 5).Time()); err != nil || erased != (Erased{Rows: 1}) {
		t.Errorf("a later erasure erased %+v, %v", erased, err)
	}
	if _, err := d.Erase(t.Context(), "", at.Time()); err == nil {
		t.Error("no learner was taken")
	}
}

func TestAnErasureWaitsForBatchesUnderWay(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	w.apply(t, watched(2))
	conn := pgtest.Connect(t, uri)
	release := lockRow(t, uri, 2)
	batch := w.start(t.Context(), w.next(watched(1), watched(2)))
	until(t, conn, applying)
	type outcome struct {
		erased Erased
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		erased, err := d.Erase(context.Background(), "learner", (someTime + 10).Time())
		done <- outcome{erased, err}
	}()
	until(t, conn, `SELECT count(*) = 1 FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'`)
	release()
	if got := <-batch; got.err != nil || got.result.Outcome != Applied {
		t.Errorf("the batch under way: %v, %v", got.result.Outcome, got.err)
	}
	if got := <-done; got.err != nil || got.erased.Rows != 2 {
		t.Errorf("erased %+v, %v", got.erased, got.err)
	}
	if records, err := d.readAll(t.Context(), Filter{UserID: "learner"}); err != nil || len(records) > 0 {
		t.Errorf("saved are %+v, %v", records, err)
	}
}
