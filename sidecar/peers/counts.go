package peers

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// recent is how long an answer, or its lack, tells whether a member is reached.
const recent = 5 * time.Minute

// counts are what is told of peers. Its methods may be called from several
// goroutines and return at once.
type counts struct {
	mu       sync.Mutex
	mode     config.PeersMode
	enrolled bool
	handedOn int64
	kept     map[string]int64 // by route.Reasons
	refusals map[string]int64 // by wire.Refusals
	// reached is how the last exchange with a member ended, by its writer.
	reached map[string]contact
	failure *status.PeersFailure
}

// contact is how a member was last found.
type contact struct {
	at     time.Time
	failed string // why it was not reached, empty if it was
}

func newCounts() *counts {
	return &counts{kept: map[string]int64{}, refusals: map[string]int64{}, reached: map[string]contact{}}
}

func (c *counts) setMode(mode config.PeersMode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode, c.enrolled, c.failure = mode, false, nil
	clear(c.reached)
}

// HandedOn implements route.Observer.
func (c *counts) HandedOn(items int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handedOn += int64(items)
}

// FellBack implements route.Observer.
func (c *counts) FellBack(reason string, items int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[strings.ReplaceAll(reason, "-", "_")] += int64(items)
}

// Enrolled implements roll.Observer.
func (c *counts) Enrolled(members.Set) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enrolled = true
	if c.failure != nil && c.failure.Reason == status.PeersNoRegistry {
		c.failure = nil
	}
}

// NotEnrolled implements roll.Observer.
func (c *counts) NotEnrolled(error) { c.failed(status.PeersNoRegistry) }

// failed notes why the sidecar is not peered, since when it first was not.
func (c *counts) failed(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode = config.PeersAuto
	if c.failure == nil {
		c.failure = &status.PeersFailure{Since: time.Now()}
	}
	c.failure.Reason = reason
}

// Refused implements identity.Observer.
func (c *counts) Refused(err error) {
	if errors.Is(err, identity.ErrUnknownKey) {
		c.refused(wire.RefusedUnregistered)
		return
	}
	c.refused(wire.RefusedHandshake)
}

func (c *counts) refused(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals[reason]++
}

// exchanged is told of every batch that was handed on, or could not be.
func (c *counts) exchanged(e hop.Exchange) {
	var unreachable *hop.UnreachableError
	found := contact{at: time.Now()}
	switch {
	case e.Err == nil, errors.Is(e.Err, buffer.ErrNoSpace):
	case errors.As(e.Err, &unreachable):
		found.failed = unreachable.Reason
	default:
		found.failed = strings.ReplaceAll(route.ReasonInDoubt, "-", "_")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reached[e.Peer] = found
}

// status is the document's part, for the members of the moment.
func (c *counts) status(set members.Set) status.Peers {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := status.Peers{Mode: c.mode, HandedOn: c.handedOn, KeptLocally: maps.Clone(c.kept)}
	if c.mode != config.PeersAuto {
		return s
	}
	if c.enrolled {
		s.Members, s.Candidates, s.OtherProtocol = set.Len(), len(set.Candidates()), set.OtherProtocol()
	}
	last := contact{}
	for _, m := range set.Candidates() {
		found, tried := c.reached[m.Writer.String()]
		switch {
		case !tried || time.Since(found.at) > recent:
		case found.failed == "":
			s.Reached++
		default:
			s.Unreached++
			if found.at.After(last.at) {
				last = found
			}
		}
	}
	if s.Peered() {
		c.failure = nil
		return s
	}
	if c.failure == nil && last.failed != "" {
		c.failure = &status.PeersFailure{Since: time.Now()}
	}
	if c.failure != nil && c.enrolled && last.failed != "" {
		c.failure.Reason = last.failed
	}
	if c.failure != nil {
		failure := *c.failure
		s.Failure = &failure
	}
	return s
}
