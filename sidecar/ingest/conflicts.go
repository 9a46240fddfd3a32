package ingest

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// maxTold is how many statements are remembered.
const maxTold = 4096

// told remembers by their ids what the last statements became, as 16 bytes each. The
// buffer knows which ids it has taken, and not what came under them.
type told struct {
	seed maphash.Seed

	mu   sync.Mutex
	what map[uint64]uint64 // by the id
	ids  []uint64          // in a ring, the oldest at next
	next int
}

func newTold() *told { return &told{seed: maphash.MakeSeed(), what: map[uint64]uint64{}} }

// sum is a statement's id and what it became. It is to be asked for before clocks are
// corrected, which is not the same each time.
func (t *told) sum(e *standards.Event) (id, what uint64) {
	return maphash.String(t.seed, strings.ToLower(e.ID)), maphash.Comparable(t.seed, e.Update)
}

// conflict is the index of an event that became something else when it came before, -1
// if there is none.
func (t *told) conflict(events []standards.Event) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range events {
		if events[i].Outcome != standards.OutcomeUpdate {
			continue
		}
		id, what := t.sum(&events[i])
		if before, known := t.what[id]; known && before != what {
			return i
		}
	}
	return -1
}

// remember takes note of events that were kept.
func (t *told) remember(events []standards.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range events {
		if events[i].Outcome != standards.OutcomeUpdate {
			continue
		}
		id, what := t.sum(&events[i])
		if _, known := t.what[id]; known {
			continue
		}
		t.what[id] = what
		if len(t.ids) < maxTold {
			t.ids = append(t.ids, id)
			continue
		}
		delete(t.what, t.ids[t.next])
		t.ids[t.next] = id
		t.next = (t.next + 1) % maxTold
	}
}

func (h *Handler) refuseConflict(w http.ResponseWriter, index int) {
	const detail = "its id is that of another statement, which was accepted and stays: give it an id of its own"
	h.refuse(w, &refusal{ReasonInvalid, problem{
		status: http.StatusConflict, kind: "conflict", title: "Another statement has this id",
		detail: detail + "; nothing of this request was kept",
		errors: []scan.Mistake{{Index: index, Status: http.StatusConflict, Field: "id", Detail: detail}},
	}})
}
