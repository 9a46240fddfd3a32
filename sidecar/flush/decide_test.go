package flush

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name            string
		ledger, applied uint64
		frozen          []uint64 // their ids are 100 more
		id              uint64   // that the ledger names
		want            step
	}{
		{"a new spool and a new row", 0, 0, nil, 0, stepWrite},
		{"a new row and a first batch that was not sent", 0, 0, []uint64{1}, 0, stepWrite},
		{"the last confirmed batch is the last applied", 7, 7, []uint64{8}, 0, stepWrite},
		{"the answer to the first frozen batch was lost", 8, 7, []uint64{8}, 0, stepConfirm},
		{"the answers to several were lost", 9, 7, []uint64{8, 9, 10}, 0, stepConfirm},
		{"the halves of a split batch have numbers after a gap", 10, 7, []uint64{10, 11}, 0, stepConfirm},
		{"the database fell back", 5, 7, []uint64{8}, 0, stepReplay},
		{"the row is gone", 0, 7, nil, 0, stepReplay},
		{"the ledger is ahead of an old spool", 9, 7, nil, 0, stepHold},
		{"the ledger is ahead of an old spool's frozen batch", 9, 7, []uint64{8}, 0, stepHold},
		{"the first frozen batch is the one that the ledger names", 8, 7, []uint64{8}, 108, stepConfirm},
		{"a copy of the spool has written another batch of that number", 8, 7, []uint64{8}, 555, stepHold},
		{"the ledger stands at a number that was given up", 8, 7, []uint64{9, 10}, 0, stepHold},
	} {
		t.Run(c.name, func(t *testing.T) {
			var frozen []progress.Batch
			for _, n := range c.frozen {
				frozen = append(frozen, progress.Batch{Number: n, ID: n + 100})
			}
			if got := compare(place{c.ledger, c.id}, c.applied, frozen); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
