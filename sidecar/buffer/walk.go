package buffer

import "slices"

// walk visits all entries of a set by age, in portions between which entries come
// and go: those that are there all the time are visited once.
type walk struct {
	set  *pendingSet
	next *entry // nil when there are no more
}

// walk begins a walk, which must be ended.
func (s *pendingSet) walk() *walk {
	w := &walk{set: s, next: s.order.age.head}
	s.walks = append(s.walks, w)
	return w
}

// visit visits the next n entries. It returns false when there are no more.
func (w *walk) visit(n int, do func(*entry)) (more bool) {
	for ; n > 0 && w.next != nil; n-- {
		do(w.next)
		w.next = w.next.links[byAge].next
	}
	return w.next != nil
}

// removed tells that e is about to leave the set.
func (w *walk) removed(e *entry) {
	if w.next == e {
		w.next = e.links[byAge].next
	}
}

func (w *walk) end() {
	w.set.walks = slices.DeleteFunc(w.set.walks, func(other *walk) bool { return other == w })
}
