// Package variant draws the arm of a comparison that a learner belongs to.
//
// The draw is a pure function of the seed and the learner's id, so that it is the
// same in every sidecar, after every restart and in the database, where
// progress_sync.variant_of computes it. No state is kept.
package variant

import (
	"crypto/sha256"
	"encoding/binary"
)

// separator ends the seed. It can't be part of one, nor of an id in Postgres.
const separator = 0

// Of returns the arm, counted from 0, of a learner among arms of the given weights,
// which must not be negative and whose sum is from 1 to 2^31. Those are the first 32
// bits of SHA-256 over seed, a zero byte and id, as a share of the sum of the
// weights.
func Of(seed, userID string, weights []int) int {
	total := uint64(0)
	for _, w := range weights {
		total += uint64(w)
	}
	text := make([]byte, 0, 128)
	text = append(append(append(text, seed...), separator), userID...)
	sum := sha256.Sum256(text)
	drawn := uint64(binary.BigEndian.Uint32(sum[:])) * total >> 32
	for i, w := range weights {
		if drawn < uint64(w) {
			return i
		}
		drawn -= uint64(w)
	}
	return len(weights) - 1
}
