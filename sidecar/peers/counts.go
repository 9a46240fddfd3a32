package peers

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// counts are what is told of peers. Its methods may be called from several
// goroutines and return at once.
type counts struct {
	took prometheus.Histogram // of batches

	mu           sync.Mutex
	handedOn     int64
	eventIDs     int64            // handed over
	kept         map[string]int64 // by words of route.Reasons
	refusals     map[string]int64 // by words of wire.Refusals
	registration registration
	contacts     contacts
}

func newCounts() *counts {
	return &counts{took: newTook(), kept: map[string]int64{}, refusals: map[string]int64{}, contacts: contacts{}}
}

// word is a reason as the status document and metrics have it.
func word(reason string) string { return strings.ReplaceAll(reason, "-", "_") }

// HandedOn implements route.Observer.
func (c *counts) HandedOn(items int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handedOn += int64(items)
}

// KeptLocally implements route.Observer.
func (c *counts) KeptLocally(reason string, items int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[word(reason)] += int64(items)
}

// handedOver is told of event ids that another sidecar has taken.
func (c *counts) handedOver(ids int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.eventIDs += int64(ids)
}

func (c *counts) eventIDsHandedOver() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.eventIDs
}

// refused is told of what the door refuses, by one of wire.Refusals.
func (c *counts) refused(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals[word(reason)]++
}

// Enrolled implements roll.Observer. It forgets how members were found that are no
// candidates any more.
func (c *counts) Enrolled(set members.Set) {
	candidates := map[string]bool{}
	for _, m := range set.Candidates() {
		candidates[m.Writer.String()] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.registration = registration{state: enrolled}
	maps.DeleteFunc(c.contacts, func(writer string, _ contact) bool { return !candidates[writer] })
}

// NotEnrolled implements roll.Observer.
func (c *counts) NotEnrolled(error) { c.notRegistered(status.PeersNoRegistry) }

// notRegistered notes why the sidecar is not registered, one of the reasons of status.
func (c *counts) notRegistered(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.registration = c.registration.failed(reason, time.Now())
}

// ended notes that a term is over: what was found in it does not count in the next.
func (c *counts) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.registration = registration{}
	clear(c.contacts)
}

// exchanged is told of every batch that was handed on, or could not be.
func (c *counts) exchanged(e hop.Exchange) {
	c.took.Observe(e.Took.Seconds())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contacts[e.Peer] = c.contacts[e.Peer].after(failureOf(e.Err), time.Now())
}

// failureOf is why a peer was not reached, by the error of an exchange; "" if it was.
func failureOf(err error) string {
	var unreachable *hop.UnreachableError
	switch {
	case err == nil, errors.Is(err, buffer.ErrNoSpace):
		return ""
	case errors.As(err, &unreachable):
		return word(unreachable.Reason)
	default:
		return word(route.ReasonInDoubt)
	}
}

// status is the document's part in a mode and for the members of the moment.
func (c *counts) status(mode config.PeersMode, set members.Set) status.Peers {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := standing(mode, set, c.registration, c.contacts, time.Now())
	s.HandedOn, s.KeptLocally = c.handedOn, maps.Clone(c.kept)
	return s
}

// byReason are what was kept, by all of route.Reasons, and what was refused, by all of
// wire.Refusals.
func (c *counts) byReason() (kept, refused map[string]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return complete(c.kept, route.Reasons()), complete(c.refusals, wire.Refusals())
}

// complete is what was counted, and zero for the other reasons.
func complete(counted map[string]int64, reasons []string) map[string]int64 {
	all := make(map[string]int64, len(reasons))
	for _, reason := range reasons {
		all[word(reason)] = counted[word(reason)]
	}
	return all
}
