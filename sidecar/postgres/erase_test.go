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
	rows, err := d.Erase(t.Context(), "learner", at.Time())
	if err != nil || rows != 2 {
		t.Fatalf("erased %d rows, %v", rows, err)
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
	if rows, err := d.Erase(t.Context(), "learner", at.Time()); err != nil || rows != 0 {
		t.Errorf("the repeated call erased %d rows, %v", rows, err)
	}
	if rows, err := d.Erase(t.Context(), "learner", (at + 5).Time()); err != nil || rows != 1 {
		t.Errorf("a later erasure erased %d rows, %v", rows, err)
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
	conn := connect(t, uri)
	release := lockRow(t, uri, 2)
	batch := w.start(t.Context(), w.next(watched(1), watched(2)))
	until(t, conn, applying)
	type erased struct {
		rows int64
		err  error
	}
	done := make(chan erased, 1)
	go func() {
		rows, err := d.Erase(context.Background(), "learner", (someTime + 10).Time())
		done <- erased{rows, err}
	}()
	until(t, conn, `SELECT count(*) = 1 FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'`)
	release()
	if got := <-batch; got.err != nil || got.result.Outcome != Applied {
		t.Errorf("the batch under way: %v, %v", got.result.Outcome, got.err)
	}
	if got := <-done; got.err != nil || got.rows != 2 {
		t.Errorf("erased %d rows, %v", got.rows, got.err)
	}
	if records, err := d.readAll(t.Context(), Filter{UserID: "learner"}); err != nil || len(records) > 0 {
		t.Errorf("saved are %+v, %v", records, err)
	}
}
