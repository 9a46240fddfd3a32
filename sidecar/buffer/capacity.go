package buffer

import "sync/atomic"

// capacity counts the pending records of all lanes against the policy's cap.
type capacity struct{ pending atomic.Int64 }

// take counts one more pending record, unless the cap is reached. Dead letters
// count too: they are never dropped, and so have to be bounded here.
func (c *capacity) take(deadLetters int, p *Policy) bool {
	n := c.pending.Add(1) + int64(deadLetters)
	if p.MaxPendingRecords > 0 && n > int64(p.MaxPendingRecords) {
		c.pending.Add(-1)
		return false
	}
	return true
}

// add counts records that become pending whatever the cap, or with a negative
// number those that no longer are.
func (c *capacity) add(n int) { c.pending.Add(int64(n)) }

// excess is how many records are above the high-water mark.
func (c *capacity) excess(p *Policy) int64 { return c.pending.Load() - p.highWater() }

// reliefShare says how far below the high-water mark a write above it goes: by
// this fraction of the mark. So a write has enough records to be worth its
// transaction.
const reliefShare = 16

// relief is how many of the oldest records are to be written because more wait
// than the high-water mark allows; 0 where no more do.
func (c *capacity) relief(p *Policy) int64 {
	excess := c.excess(p)
	if excess <= 0 {
		return 0
	}
	return excess + p.highWater()/reliefShare
}
