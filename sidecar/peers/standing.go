package peers

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// enrolled is the state of a registration that the registry has.
const enrolled = "enrolled"

// registration says whether the registry has this sidecar. The zero one has not been
// tried.
type registration struct {
	state string    // enrolled, or why not: one of the reasons of status
	since time.Time // when it first failed, without a success in between
}

// failed is the registration after a failure. A registry that is away does not take
// back what it has told.
func (r registration) failed(reason string, now time.Time) registration {
	switch {
	case r.state == enrolled && reason == status.PeersNoRegistry:
		return r
	case r.state == enrolled || r.state == "":
		return registration{reason, now}
	default:
		return registration{reason, r.since}
	}
}

// recent is how long an answer, or its lack, tells whether a member is reached.
const recent = 5 * time.Minute

// contacts are how members were last found, by their writers.
type contacts map[string]contact

// contact is how a member was last found.
type contact struct {
	at     time.Time
	failed string    // why it was not reached, "" if it was
	since  time.Time // the first failure in a row
}

// after is the contact after a further one, that failed for a reason or, for "", did
// not.
func (c contact) after(failed string, now time.Time) contact {
	next := contact{at: now, failed: failed}
	switch {
	case failed == "":
	case c.failed != "" && now.Sub(c.at) <= recent:
		next.since = c.since
	default:
		next.since = now
	}
	return next
}

// standing is the document's part on peers, without what it counts.
func standing(mode config.PeersMode, set members.Set, r registration, all contacts, now time.Time) status.Peers {
	s := status.Peers{Mode: mode}
	switch {
	case mode != config.PeersAuto || r.state == "":
		return s
	case r.state != enrolled:
		s.Failure = &status.PeersFailure{Reason: r.state, Since: r.since}
		return s
	}
	s.Members, s.Candidates, s.OtherProtocol = set.Len(), len(set.Candidates()), set.OtherProtocol()
	var failing []contact
	for _, m := range set.Candidates() {
		switch c, tried := all[m.Writer.String()]; {
		case !tried || now.Sub(c.at) > recent:
		case c.failed == "":
			s.Reached++
		default:
			failing = append(failing, c)
		}
	}
	if s.Unreached = len(failing); !s.Peered() {
		s.Failure = unreachedSince(failing, s.Reached)
	}
	return s
}

// unreachedSince is the failure of a sidecar that fails to reach more candidates than
// it reaches: since the one failed that made them more, for the reason that was met
// last.
func unreachedSince(failing []contact, reached int) *status.PeersFailure {
	if len(failing) <= reached {
		return nil // the set is not there yet
	}
	last := slices.MaxFunc(failing, func(a, b contact) int { return a.at.Compare(b.at) })
	slices.SortFunc(failing, func(a, b contact) int { return a.since.Compare(b.since) })
	return &status.PeersFailure{Reason: last.failed, Since: failing[reached].since}
}
