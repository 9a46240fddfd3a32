package buffer

import (
	"testing"
	"time"
)

func TestAnUpdateIsHeldFrozenConfirmedAndReplayable(t *testing.T) {
	b := newRig(t)
	b.put(at(1, 10))
	b.clock.Advance(time.Minute)
	got := b.put(at(1, 20))[0].Record
	if got.Position != 20 || got.SeekEvents != 2 || got.UpdateCount != 2 {
		t.Errorf("merged record %+v", got)
	}
	if len(b.freezeAll(10)) != 0 {
		t.Error("frozen before the interval has passed")
	}
	b.clock.Advance(2 * time.Minute)
	batches := b.freezeAll(10)
	if records(batches) != 1 {
		t.Fatalf("frozen: %+v", batches)
	}
	lane := batches[0].Lane
	after := b.put(at(1, 30))[0].Record
	if after.Position != 30 || after.SeekEvents != 3 {
		t.Errorf("pending and frozen merged: %+v", after)
	}
	b.confirm(batches...)
	if b.Applied(lane) != batches[0].Number {
		t.Errorf("applied %d", b.Applied(lane))
	}
	again, complete := b.Replayable(lane, 0)
	if !complete || records(again) != 1 || again[0].Records[0] != batches[0].Records[0] {
		t.Errorf("replayable: %+v, complete %v", again, complete)
	}
}
