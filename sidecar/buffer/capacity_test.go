package buffer

import "testing"

func TestAboveTheHighWaterMarkSoMuchIsWrittenThatItIsWorthATransaction(t *testing.T) {
	p := Policy{MaxPendingRecords: 100_000}
	var c capacity
	c.add(80_000)
	if n := c.relief(&p); n != 0 {
		t.Errorf("%d are to be written at the mark", n)
	}
	c.add(1)
	if n := c.relief(&p); n != 5001 {
		t.Errorf("%d are to be written above the mark, want 5001", n)
	}
}

func TestTheCapIsForPendingRecordsAndDeadLettersTogether(t *testing.T) {
	p := Policy{MaxPendingRecords: 10}
	var c capacity
	for range 8 {
		if !c.take(1, &p) {
			t.Fatal("refused below the cap")
		}
	}
	if c.relief(&p) != 0 || !c.take(1, &p) || c.relief(&p) != 1 {
		t.Errorf("%d above the high-water mark", c.relief(&p))
	}
	if c.take(1, &p) || c.pending.Load() != 9 {
		t.Error("taken beyond the cap, or counted though it was refused")
	}
	c.add(1) // a replayed dead letter
	c.add(-9)
	if !c.take(0, &p) || c.pending.Load() != 2 {
		t.Errorf("%d are counted", c.pending.Load())
	}
	if unlimited := (Policy{}); !c.take(1<<40, &unlimited) || c.relief(&unlimited) > 0 {
		t.Error("refused without a cap")
	}
}
