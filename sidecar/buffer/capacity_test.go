package buffer

import "testing"

func TestTheCapIsForPendingRecordsAndDeadLettersTogether(t *testing.T) {
	p := Policy{MaxPendingRecords: 10}
	var c capacity
	for range 8 {
		if !c.take(1, &p) {
			t.Fatal("refused below the cap")
		}
	}
	if c.excess(&p) != 0 || !c.take(1, &p) || c.excess(&p) != 1 {
		t.Errorf("%d above the high-water mark", c.excess(&p))
	}
	if c.take(1, &p) || c.pending.Load() != 9 {
		t.Error("taken beyond the cap, or counted though it was refused")
	}
	c.add(1) // a replayed dead letter
	c.add(-9)
	if !c.take(0, &p) || c.pending.Load() != 2 {
		t.Errorf("%d are counted", c.pending.Load())
	}
	if unlimited := (Policy{}); !c.take(1<<40, &unlimited) || c.excess(&unlimited) > 0 {
		t.Error("refused without a cap")
	}
}
