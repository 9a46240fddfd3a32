package spool

import (
	"bytes"
	"testing"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// A buffer keeps the batches that it puts, for as long as they can be needed.
func TestAChangeLeavesTheMemoryOfABatchAlone(t *testing.T) {
	s, err := Open(Options{Dir: "spool", FS: disktest.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := EncodeBatch(Batch{Records: make([]progress.Record, 100)})
	before := bytes.Clone(b)
	c := s.Begin()
	c.PutBatch(0, 1, b)
	c.PutFormat(Format{Lanes: 1, Writer: uuid.New()})
	c.PutLane(0, Lane{Next: 7, Received: 99})
	if !bytes.Equal(b, before) {
		t.Error("the batch was written over")
	}
}
