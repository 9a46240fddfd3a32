package sidecarstatus

import (
	"regexp"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// peersPatience with a sidecar that can't register or reach others. Pods that go, and
// a database that is away for a moment, are no cause for alarm.
const peersPatience = 2 * time.Minute

// maxReasons for which updates are counted.
const maxReasons = 16

// Peers is what sidecars say of each other.
type Peers struct {
	// Told sidecars are to have peers, and say how that goes; Silent ones run a
	// program that has none.
	Told, Silent int
	// Peered sidecars, of Told, are registered and reach most others that they tried.
	Peered int
	// Members are the most that one of them knows, itself included.
	Members int
	// OtherProtocol counts those that know members of another version of the protocol.
	OtherProtocol int
	// Unregistered counts by reason those that could not register for peersPatience.
	Unregistered map[string]int
	// Unreaching are registered, and could not reach most others for so long.
	Unreaching int
}

func (s *Summary) addPeers(p *status.Peers, at time.Time) {
	if p == nil {
		s.Peers.Silent++
		return
	}
	s.Updates.HandedOn += count(p.HandedOn)
	s.addKeptLocally(p.KeptLocally)
	if p.Mode != config.PeersAuto {
		return
	}
	s.Peers.Told++
	s.Peers.Members = max(s.Peers.Members, int(count(int64(p.Members))))
	if p.OtherProtocol > 0 {
		s.Peers.OtherProtocol++
	}
	lasts := p.Failure != nil && at.Sub(p.Failure.Since) >= peersPatience
	switch {
	case p.Peered():
		s.Peers.Peered++
	case !lasts:
	case p.Members > 0:
		s.Peers.Unreaching++
	default:
		if s.Peers.Unregistered == nil {
			s.Peers.Unregistered = map[string]int{}
		}
		s.Peers.Unregistered[unregisteredReason(p.Failure.Reason)]++
	}
}

// unregisteredReason is one that there is advice for, or else empty: what a pod says
// is not repeated.
func unregisteredReason(said string) string {
	if slices.Contains([]string{status.PeersNoPort, status.PeersPortTaken, status.PeersNoRegistry}, said) {
		return said
	}
	return ""
}

var keptReason = regexp.MustCompile(`^[a-z][a-z_]{0,31}$`)

// addKeptLocally adds what one sidecar kept. Reasons come from the pod network, so
// that only a few of those that can be reasons are repeated, in the order of their
// names.
func (s *Summary) addKeptLocally(kept map[string]int64) {
	for reason, updates := range kept {
		if updates <= 0 || !keptReason.MatchString(reason) {
			continue
		}
		if s.Updates.KeptLocally == nil {
			s.Updates.KeptLocally = map[string]int64{}
		}
		s.Updates.KeptLocally[reason] += count(updates)
	}
	for len(s.Updates.KeptLocally) > maxReasons {
		last := ""
		for reason := range s.Updates.KeptLocally {
			last = max(last, reason)
		}
		delete(s.Updates.KeptLocally, last)
	}
}
