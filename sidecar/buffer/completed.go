package buffer

import (
	"hash/maphash"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// completedKeys remembers the keys that were completed lately, so that a learner who
// goes on watching a completed lesson isn't written at once with each
// heartbeat. It holds hashes in two generations and forgets the older one when
// the younger is full. Forgetting costs one early write; so does a restart.
type completedKeys struct {
	seed       maphash.Seed
	young, old map[uint64]struct{}
}

const completedGeneration = 1 << 14

func newCompletedKeys() completedKeys {
	return completedKeys{seed: maphash.MakeSeed(), young: map[uint64]struct{}{}}
}

// add remembers key and reports whether it was remembered before.
func (r *completedKeys) add(key spool.Key) bool {
	h := maphash.String(r.seed, string(key))
	if _, ok := r.young[h]; ok {
		return true
	}
	_, known := r.old[h]
	if len(r.young) >= completedGeneration {
		r.young, r.old = map[uint64]struct{}{}, r.young
	}
	r.young[h] = struct{}{}
	return known
}

func (r *completedKeys) forget(key spool.Key) {
	h := maphash.String(r.seed, string(key))
	delete(r.young, h)
	delete(r.old, h)
}
