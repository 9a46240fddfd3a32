package members

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// MaxCandidates is how many members may be homes: a sidecar has a connection to
// each of them at most.
const MaxCandidates = 64

// Set is who there is, as one sidecar sees it. It never changes, so that it may be
// read by many goroutines. The zero Set knows nobody, and has no homes.
type Set struct {
	self  uuid.UUID
	known map[Fingerprint]Member
	// candidates are sorted by their writers' ids, so that the order in which the
	// registry tells them makes no difference.
	candidates []candidate
	// leaving are those that would be candidates if they were not about to stop, in no
	// order.
	leaving []Member
	// members and otherProtocol count those of the target, self among them, and those
	// of them that speak another protocol.
	members, otherProtocol int
}

// candidate is a member that learners may have as their home.
type candidate struct {
	member Member
	// hash of the writer's id: its place among the candidates, and its part of the
	// number that it draws for a learner.
	hash uint64
}

// New is the set of a sidecar and of the others that write its target. Candidates
// are those that aren't leaving and speak the same protocol, of more than
// MaxCandidates those with the lowest hashes of their writers. Of several
// members of one writer the last counts, and self counts above all.
func New(self Member, others []Member) Set {
	byWriter := make(map[uuid.UUID]Member, len(others)+1)
	for _, m := range others {
		byWriter[m.Writer] = m
	}
	byWriter[self.Writer] = self
	s := Set{self: self.Writer, known: make(map[Fingerprint]Member, len(byWriter))}
	for _, m := range byWriter {
		if m.Target != self.Target {
			continue
		}
		for _, f := range m.Fingerprints {
			s.known[f] = m
		}
		s.members++
		if m.Protocol != self.Protocol {
			s.otherProtocol++
		}
		if m.Leaving && m.Protocol == self.Protocol {
			s.leaving = append(s.leaving, m)
		}
		if m.isCandidate(self.Target, self.Protocol) {
			s.candidates = append(s.candidates, candidate{member: m, hash: hashOf(m.Writer)})
		}
	}
	slices.SortFunc(s.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), byID(a, b))
	})
	s.candidates = s.candidates[:min(len(s.candidates), MaxCandidates)]
	if n := len(s.candidates); n == MaxCandidates {
		last := s.candidates[n-1].hash
		s.leaving = slices.DeleteFunc(s.leaving, func(m Member) bool { return hashOf(m.Writer) > last })
	}
	slices.SortFunc(s.candidates, byID)
	return s
}

func byID(a, b candidate) int { return bytes.Compare(a.member.Writer[:], b.member.Writer[:]) }

// Known returns the member that may show a key.
func (s Set) Known(f Fingerprint) (Member, bool) {
	m, ok := s.known[f]
	return m, ok
}

// Len is how many members write the target, the sidecar itself among them.
func (s Set) Len() int { return s.members }

// OtherProtocol is how many of them speak another protocol.
func (s Set) OtherProtocol() int { return s.otherProtocol }

// Candidates are the members that learners may have as their home, by writer.
func (s Set) Candidates() []Member {
	all := make([]Member, 0, len(s.candidates))
	for _, c := range s.candidates {
		all = append(all, c.member)
	}
	return all
}

// Has reports whether a writer is a candidate. It allocates nothing.
func (s Set) Has(writer uuid.UUID) bool {
	return slices.ContainsFunc(s.candidates, func(c candidate) bool { return c.member.Writer == writer })
}

// Leaving are the members that are about to stop and would be candidates otherwise.
func (s Set) Leaving() []Member { return slices.Clone(s.leaving) }

// IsAlone reports whether the sidecar has nobody to hand on to.
func (s Set) IsAlone() bool {
	return !slices.ContainsFunc(s.candidates, func(c candidate) bool { return c.member.Writer != s.self })
}
