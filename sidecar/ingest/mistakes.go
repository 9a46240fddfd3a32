package ingest

import (
	"cmp"
	"net/http"
	"slices"
)

// maxListed is how many mistakes an answer lists where nothing was kept. Others are
// counted. Where something was kept the first mistake of every item is listed, since
// what is not listed counts as accepted; Limits.MaxItems bounds that.
const maxListed = 100

// itemError is a mistake in one item of a request.
type itemError struct {
	index  int // of the item in the request, from 0
	status int // what the request would have got, had it had only this item
	field  string
	detail string
}

// mistakes are what is wrong with the items of a request. A copy is a
// snapshot, as long as only one of the two is added to.
type mistakes struct {
	listed []itemError // the first of each item, others up to maxListed
	count  int         // all of them
	items  int         // the items that have any, each counted in a row
	last   int         // the item of the last one
	status int         // of all of them, or statusInvalid if they differ
	full   bool        // whether one of them passes when the buffer has room
}

func (m *mistakes) reset() {
	clear(m.listed) // let go of the strings
	*m = mistakes{listed: m.listed[:0]}
}

// note counts a mistake and reports whether there is room to list it too; its
// words are only worth making then.
func (m *mistakes) note(index, status int) bool {
	if m.count == 0 {
		m.status = status
	} else if status != m.status {
		m.status = statusInvalid
	}
	first := m.count == 0 || index != m.last
	if first {
		m.items, m.last = m.items+1, index
	}
	m.count++
	m.full = m.full || status == http.StatusTooManyRequests
	return first || len(m.listed) < maxListed
}

func (m *mistakes) add(e itemError) {
	if m.note(e.index, e.status) {
		m.listed = append(m.listed, e)
	}
}

// sort puts the mistakes in the order of their items.
func (m *mistakes) sort() {
	slices.SortStableFunc(m.listed, func(a, b itemError) int { return cmp.Compare(a.index, b.index) })
}

// more is the number of those that are not listed.
func (m *mistakes) more() int { return m.count - len(m.listed) }

// shorten leaves maxListed of them, for an answer to a request of which nothing
// was kept.
func (m *mistakes) shorten() { m.listed = m.listed[:min(len(m.listed), maxListed)] }
