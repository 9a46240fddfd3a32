package members

import (
	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
)

// Home is the member that keeps and writes what a learner does. self says that it
// is the sidecar itself, which is so too where there is no candidate. It allocates
// nothing.
//
// The result for given members and a given learner is the same in all versions of
// the program: sidecars of two versions run side by side, and would else hand a
// learner to and fro.
func (s Set) Home(userID string) (home Member, self bool) {
	return s.HomeOf(learnerhash.Of(userID))
}

// HomeOf is Home by the number of package learnerhash.
func (s Set) HomeOf(learner uint64) (home Member, self bool) {
	if len(s.candidates) == 0 {
		return Member{}, true
	}
	best, highest := 0, uint64(0)
	for i := range s.candidates {
		if drawn := draw(s.candidates[i].hash, learner); drawn > highest {
			best, highest = i, drawn
		}
	}
	home = s.candidates[best].member
	return home, home.Writer == s.self
}

// hashOf is the hash of a writer's id.
func hashOf(writer uuid.UUID) uint64 { return xxhash.Sum64(writer[:]) }

// draw is the number that a candidate draws for a learner, from the hashes of
// both. It ends as xxhash64 does (its avalanche), which spreads a difference of any
// bit over all bits. So an update costs one hash, of the learner's id, and a few
// multiplications for each candidate.
func draw(candidate, learner uint64) uint64 {
	h := candidate ^ learner
	h ^= h >> 33
	h *= 14029467366897019727
	h ^= h >> 29
	h *= 1609587929392839161
	h ^= h >> 32
	return h
}
