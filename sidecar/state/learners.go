package state

// maxLearners bounds the learners that are told apart, which takes 10 MB of memory at most.
const maxLearners = 250_000

// learners tells learners apart by the hashes of their ids. Two that share a hash,
// which among 250,000 is so with a chance of one in 600 million, count as one.
type learners struct {
	seen map[uint64]struct{}
	// more is set once there was one that the bound left no room for.
	more bool
}

// add reports whether the learner is another one than all before.
func (l *learners) add(hash uint64) bool {
	if _, found := l.seen[hash]; found {
		return false
	}
	if len(l.seen) >= maxLearners {
		l.more = true
		return false
	}
	if l.seen == nil {
		l.seen = make(map[uint64]struct{})
	}
	l.seen[hash] = struct{}{}
	return true
}
