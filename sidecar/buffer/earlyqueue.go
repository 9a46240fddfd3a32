package buffer

import "time"

// earlyQueue finds the entry that is the first to be due before its interval. It is a
// binary heap by entry.early.worth. An entry whose moment moves later, as with each
// update of one that has to be quiet, stays where it is until it gets to the front.
type earlyQueue []*entry

// update enters e, or takes note that what makes it due early has changed.
func (q *earlyQueue) update(e *entry) {
	due, some := e.dueEarly()
	worth := due + e.terms.EarlyLinger()
	switch {
	case !some:
	case e.place == 0:
		*q = append(*q, e)
		e.place, e.early.worth = int32(len(*q)), worth
		q.up(len(*q) - 1)
	case worth < e.early.worth:
		e.early.worth = worth
		q.up(int(e.place) - 1)
	}
}

func (q *earlyQueue) remove(e *entry) {
	i := int(e.place) - 1
	if i < 0 {
		return
	}
	last := len(*q) - 1
	q.swap(i, last)
	(*q)[last] = nil
	*q = (*q)[:last]
	e.place = 0
	if i < last {
		q.down(i)
		q.up(i)
	}
	if last == 0 {
		*q = nil // what it once needed is not kept
	}
}

// first is the entry that is the first to be worth a write, nil for none.
func (q *earlyQueue) first() *entry {
	for len(*q) > 0 {
		e := (*q)[0]
		due, some := e.dueEarly()
		if !some {
			q.remove(e)
			continue
		}
		worth := due + e.terms.EarlyLinger()
		if worth == e.early.worth {
			return e
		}
		e.early.worth = worth
		q.down(0)
		q.up(0)
	}
	return nil
}

// isFirst reports whether e stands in front.
func (q earlyQueue) isFirst(e *entry) bool { return e.place == 1 }

func (q earlyQueue) worth(i int) time.Duration { return q[i].early.worth }

func (q earlyQueue) swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = int32(i+1), int32(j+1)
}

func (q earlyQueue) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if q.worth(parent) <= q.worth(i) {
			return
		}
		q.swap(i, parent)
		i = parent
	}
}

func (q earlyQueue) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q); child++ {
			if q.worth(child) < q.worth(least) {
				least = child
			}
		}
		if least == i {
			return
		}
		q.swap(i, least)
		i = least
	}
}
