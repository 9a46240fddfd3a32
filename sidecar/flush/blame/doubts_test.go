package blame

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

var (
	byTrigger = postgres.Failure{SQLState: "P0001", Retry: postgres.Suspect}
	byType    = postgres.Failure{SQLState: "22003", Retry: postgres.Data}
)

// single is a batch of one record of a learner.
func single(number uint64, user string) progress.Batch {
	return progress.Batch{Number: number, Records: []progress.Record{{Key: progress.Key{UserID: user}}}}
}

func numbers(batches []progress.Batch) (all []uint64) {
	for _, b := range batches {
		all = append(all, b.Number)
	}
	return all
}

func TestADoubtStandsUntilSomethingElseIsWritten(t *testing.T) {
	e := &Evidence{}
	d := NewDoubts(e)
	frozen := []progress.Batch{single(1, "ada"), single(2, "bob")}
	if got := d.Judge(frozen[0], byTrigger, frozen); got != Doubt {
		t.Fatalf("judged %v", got)
	}
	d.Doubt(1, e.Written())
	if diff := cmp.Diff([]uint64{2}, numbers(d.Fresh(frozen, e.Written()))); diff != "" {
		t.Errorf("free of doubt (-want +got):\n%s", diff)
	}
	e.Wrote()
	if diff := cmp.Diff([]uint64{1, 2}, numbers(d.Fresh(frozen, e.Written()))); diff != "" {
		t.Errorf("free of doubt after a write (-want +got):\n%s", diff)
	}
	if got := d.Judge(frozen[0], byTrigger, frozen); got != SetAside {
		t.Errorf("refused again, it was judged %v", got)
	}
}

func TestABatchThatWasSentAgainKeepsItsNumber(t *testing.T) {
	e := &Evidence{}
	d := NewDoubts(e)
	doubted := single(1, "ada")
	d.Doubt(1, e.Written())
	frozen := []progress.Batch{doubted, single(2, "ada")}
	if number, found := d.OfSameKey(frozen[1], frozen); !found || number != 1 {
		t.Errorf("found %d, %v", number, found)
	}
	d.Send(frozen[:1])
	if d.Stands(doubted, e.Written()) {
		t.Error("it may be given another number though its answer may be lost")
	}
	if _, found := d.OfSameKey(frozen[1], frozen); found {
		t.Error("it may be united with another though its answer may be lost")
	}
}

func TestDoubtsGoWithTheirBatches(t *testing.T) {
	d := NewDoubts(&Evidence{})
	for n := range uint64(mostDoubts) {
		d.Doubt(n, 0)
	}
	if !d.AgainstTable() {
		t.Error("so many doubts don't speak against the table")
	}
	d.Keep([]progress.Batch{single(3, "ada")})
	if !d.Any() || d.AgainstTable() {
		t.Error("a doubt is kept though its batch is gone, or gone with another's")
	}
	d.Keep(nil)
	if d.Any() {
		t.Error("a doubt is left without a batch")
	}
}

func TestRecordsAreSetAsideForOneCauseUntilSomethingIsWritten(t *testing.T) {
	e := &Evidence{}
	d := NewDoubts(e)
	for n := range uint64(mostAside) {
		b := single(n+1, "ada")
		if got := d.Judge(b, byType, []progress.Batch{b}); got != SetAside {
			t.Fatalf("record %d was judged %v", n+1, got)
		}
		e.SetAside(byType)
		d.Keep(nil)
	}
	b := single(9, "bob")
	if got := d.Judge(b, byType, []progress.Batch{b}); got != Doubt {
		t.Errorf("one more was judged %v", got)
	}
	d.Keep(nil)
	e.Wrote()
	if got := d.Judge(b, byType, []progress.Batch{b}); got != SetAside {
		t.Errorf("after a write it was judged %v", got)
	}
}
