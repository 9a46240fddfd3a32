package buffer

import "hash/maphash"

// recent remembers the keys that were completed lately, so that a learner who
// goes on watching a completed lesson isn't written at once with each
// heartbeat. It holds hashes in two generations and forgets the older one when
// the younger is full. Forgetting costs one early write; so does a restart.
type recent struct {
	seed       maphash.Seed
	young, old map[uint64]struct{}
}

const recentGeneration = 1 << 14

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), young: map[uint64]struct{}{}}
}

// add remembers key and reports whether it was remembered before.
func (r *recent) add(key string) bool {
	h := maphash.String(r.seed, key)
	if _, ok := r.young[h]; ok {
		return true
	}
	_, known := r.old[h]
	if len(r.young) >= recentGeneration {
		r.young, r.old = map[uint64]struct{}{}, r.young
	}
	r.young[h] = struct{}{}
	return known
}

func (r *recent) forget(key string) {
	h := maphash.String(r.seed, key)
	delete(r.young, h)
	delete(r.old, h)
}
