package progress

import "math"

// sums are the fields of RuleSum, none of which is ever below 0.
func (r *Record) sums() [4]*int64 {
	return [...]*int64{&r.TimeSpent, &r.SeekEvents, &r.PauseEvents, &r.UpdateCount}
}

// HasCounts reports whether the sums of a record are counts at all; a number of
// seconds beyond 64 bits of microseconds is not.
func (r *Record) HasCounts() bool {
	for _, sum := range r.sums() {
		if *sum < 0 {
			return false
		}
	}
	return true
}

// Fit reports whether Merge can add the sums of two records without leaving 64
// bits.
func Fit(a, b *Record) bool {
	if a.Generation != b.Generation {
		return true
	}
	more := b.sums()
	for i, sum := range a.sums() {
		if *sum > math.MaxInt64-*more[i] {
			return false
		}
	}
	return true
}

// MergeForReader is Merge for a reader, for whom a sum out of range is the
// greatest number. What is written is never merged like this.
func MergeForReader(a, b Record) Record {
	if !Fit(&a, &b) {
		room := a.sums()
		for i, sum := range b.sums() {
			*sum = min(*sum, math.MaxInt64-*room[i])
		}
	}
	return Merge(a, b)
}
