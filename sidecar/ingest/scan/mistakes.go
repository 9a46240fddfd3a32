package scan

import (
	"cmp"
	"net/http"
	"slices"
)

// StatusInvalid is the status of an item that is JSON and wrong.
const StatusInvalid = http.StatusUnprocessableEntity

// maxListed is how many mistakes an answer lists where nothing was kept. Others are
// counted. Where something was kept the first mistake of every item is listed, since
// what is not listed counts as accepted; Ask.MaxItems bounds that.
const maxListed = 100

// Mistake is a mistake in one item of a request.
type Mistake struct {
	Index  int    `json:"index"`           // of the item in the body, from 0
	Status int    `json:"status"`          // of an answer, if the body had only this item
	Field  string `json:"field,omitempty"` // empty if it is no field's
	Detail string `json:"detail"`
}

// Mistakes are what is wrong with the items of a request. A copy is a
// snapshot, as long as only one of the two is added to.
type Mistakes struct {
	Listed []Mistake // the first of each item, others up to maxListed
	Count  int       // all of them
	Items  int       // the items that have any, each counted in a row
	Status int       // of all of them, or StatusInvalid if they differ
	Full   bool      // whether one of them passes when the buffer has room
	// Unavailable says whether one of them may pass when its learner's home answers.
	Unavailable bool
	last        int // the item of the last one
}

func (m *Mistakes) reset() {
	clear(m.Listed) // let go of the strings
	*m = Mistakes{Listed: m.Listed[:0]}
}

// note counts a mistake and reports whether there is room to list it too; its
// words are only worth making then.
func (m *Mistakes) note(index, status int) bool {
	if m.Count == 0 {
		m.Status = status
	} else if status != m.Status {
		m.Status = StatusInvalid
	}
	first := m.Count == 0 || index != m.last
	if first {
		m.Items, m.last = m.Items+1, index
	}
	m.Count++
	m.Full = m.Full || status == http.StatusTooManyRequests
	m.Unavailable = m.Unavailable || status == http.StatusServiceUnavailable || status == http.StatusInsufficientStorage
	return first || len(m.Listed) < maxListed
}

// Add counts a mistake, and lists it where there is room.
func (m *Mistakes) Add(e Mistake) {
	if m.note(e.Index, e.Status) {
		m.Listed = append(m.Listed, e)
	}
}

// Sort puts the mistakes in the order of their items.
func (m *Mistakes) Sort() {
	slices.SortStableFunc(m.Listed, func(a, b Mistake) int { return cmp.Compare(a.Index, b.Index) })
}

// More is the number of those that are not listed.
func (m *Mistakes) More() int { return m.Count - len(m.Listed) }

// Shorten leaves maxListed of them, for an answer to a request of which nothing
// was kept.
func (m *Mistakes) Shorten() { m.Listed = m.Listed[:min(len(m.Listed), maxListed)] }
