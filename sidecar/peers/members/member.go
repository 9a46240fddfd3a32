package members

import (
	"encoding/hex"
	"net/netip"
	"slices"

	"github.com/google/uuid"
)

// Fingerprint is the SHA-256 of a public key in the form of PKIX
// (SubjectPublicKeyInfo, DER).
type Fingerprint [32]byte

// String is the fingerprint in hexadecimal. It is no secret.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Member is a sidecar as the registry has it.
type Member struct {
	// Writer is the id of the sidecar's spool, and stays over a restart.
	Writer uuid.UUID
	// Owner is the process that has the spool, another after each start.
	Owner uuid.UUID
	// Address is where the member listens for others.
	Address netip.AddrPort
	// Fingerprints of the keys that the member may show, one or two.
	Fingerprints []Fingerprint
	// Target is the table that the member writes, and how.
	Target string
	// Protocol is the version of what it speaks with others.
	Protocol int32
	// Leaving says that the member is about to stop. It still hands on what it
	// gets, and nothing is handed on to it.
	Leaving bool
}

// Has reports whether the member may show a key.
func (m Member) Has(f Fingerprint) bool { return slices.Contains(m.Fingerprints, f) }

// isCandidate reports whether a learner's home may be m, for those who write a
// target and speak a protocol.
func (m Member) isCandidate(target string, protocol int32) bool {
	return !m.Leaving && m.Target == target && m.Protocol == protocol
}

// Equal reports whether two members are the same in all that is known of them.
func (m Member) Equal(o Member) bool {
	return m.Writer == o.Writer && m.Owner == o.Owner && m.Address == o.Address && slices.Equal(m.Fingerprints, o.Fingerprints) &&
		m.Target == o.Target && m.Protocol == o.Protocol && m.Leaving == o.Leaving
}
