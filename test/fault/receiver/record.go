package receiver

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Event is what has come of one id.
type Event struct {
	// Taken is how often it was taken, Refused how often an answer of 500 was given for it.
	Taken, Refused int
	// Bodies that came, each once.
	Bodies []Body
}

// same compares what two bodies say.
func (b Body) same(o Body) bool {
	return b.ID == o.ID && b.Source == o.Source && b.Says(o.Type, o.Subject, o.Time, o.Data)
}

// Says reports whether a body is of an event of a type, a learner, a time and with data.
func (b Body) Says(kind, subject string, at time.Time, data json.RawMessage) bool {
	return b.Type == kind && b.Subject == subject && b.Time.Equal(at) && bytes.Equal(compact(b.Data), compact(data))
}

func compact(data json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return data
	}
	return b.Bytes()
}

// take notes the events of a request. It returns what is answered, and whether that is cut.
func (r *Receiver) take(m message) (status int, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	poison := false
	for _, e := range m.events {
		before := r.events[e.ID]
		if before == nil {
			before = &Event{}
			r.events[e.ID] = before
		}
		if r.poison > 0 && before.Taken == 0 && !r.poured[e.ID] {
			r.poison--
			r.poured[e.ID] = true
		}
		if !slices.ContainsFunc(before.Bodies, e.same) {
			before.Bodies = append(before.Bodies, e)
		}
		poison = poison || r.poured[e.ID]
	}
	if poison {
		for _, e := range m.events {
			r.events[e.ID].Refused++
		}
		return http.StatusInternalServerError, false
	}
	taken := true
	if cut = r.isCut(m); cut {
		r.turn++
		taken = r.turn%2 == 0
	}
	for _, e := range m.events {
		if taken {
			r.events[e.ID].Taken++
		}
	}
	return http.StatusOK, cut
}

// isCut reports whether the answer to events is lost: if that of one of them never was.
func (r *Receiver) isCut(m message) (cut bool) {
	if !r.cuts {
		return false
	}
	for _, e := range m.events {
		cut = cut || !r.cut[e.ID]
		r.cut[e.ID] = true
	}
	return cut
}

// Events are those that have come, by their ids.
func (r *Receiver) Events() map[string]Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]Event{}
	for id, e := range r.events {
		all[id] = Event{Taken: e.Taken, Refused: e.Refused, Bodies: slices.Clone(e.Bodies)}
	}
	return all
}

// Poison are the ids of the events that it refuses.
func (r *Receiver) Poison() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.poured)
}
