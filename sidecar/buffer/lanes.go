package buffer

import (
	"hash/crc32"
	"math/bits"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// lanes are all lanes of a spool, by their numbers. What belongs to no lane is
// changed with all of them locked and read with any.
type lanes []*lane

// laneSet has a bit for each lane in it.
type laneSet uint64

// maxLanes is the number of lanes that a laneSet has room for.
const maxLanes = spool.MaxLanes

// anyLane is the set for reading what belongs to no lane.
const anyLane laneSet = 1

func (s *laneSet) add(lane int) { *s |= 1 << lane }

func (ls lanes) all() laneSet { return 1<<len(ls) - 1 }

// of is the lane of a key.
func (ls lanes) of(key []byte) *lane { return ls[laneOf(key, len(ls))] }

// laneOf is the number of a key's lane. It must stay the same for the life of a
// spool.
func laneOf(key []byte, lanes int) int {
	return int(crc32.Checksum(key, crc32.MakeTable(crc32.Castagnoli)) % uint32(lanes))
}

// each calls do for the lanes in the set, in their order.
func (ls lanes) each(set laneSet, do func(*lane)) {
	for ; set != 0; set &= set - 1 {
		do(ls[bits.TrailingZeros64(uint64(set))])
	}
}

// lock takes the lanes in the set, in their order, so that calls that span
// several don't wait for each other in a circle. It returns the set, for unlock.
func (ls lanes) lock(set laneSet) laneSet {
	ls.each(set, func(l *lane) { l.mu.Lock() })
	return set
}

func (ls lanes) unlock(set laneSet) {
	ls.each(set, func(l *lane) { l.mu.Unlock() })
}
