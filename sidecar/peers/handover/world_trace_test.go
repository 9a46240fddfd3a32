package handover

import (
	"fmt"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// deed is something that a node did, with one event or, where that is zero, with all.
type deed struct {
	at    time.Time
	node  string
	event spool.EventID
	what  string
	args  []any
}

// trace is what all nodes did, in order. It is written down in words only for an event
// that did not count once.
type trace []deed

// of is what was done with an event, and what concerned all events.
func (t trace) of(event spool.EventID) string {
	var b strings.Builder
	for _, s := range t {
		if s.event == event || s.event == (spool.EventID{}) {
			fmt.Fprintf(&b, "\n%8.3fs %-3s ", s.at.Sub(t[0].at).Seconds(), s.node)
			fmt.Fprintf(&b, s.what, s.args...)
		}
	}
	return b.String()
}

// note writes down what a node did. The world is locked.
func (n *node) note(event spool.EventID, what string, args ...any) {
	n.trace = append(n.trace, deed{time.Now(), n.name, event, what, args})
}

// namesIn are the names of the candidates of a set, and of those that leave it.
func (w *world) namesIn(set members.Set) string {
	var names []string
	for _, m := range set.Candidates() {
		names = append(names, w.names[m.Owner])
	}
	for _, m := range set.Leaving() {
		names = append(names, "-"+w.names[m.Owner])
	}
	return strings.Join(names, " ")
}
