package wire

import "context"

// Version of the protocol between sidecars. It is raised with every change of a
// body or of an answer, which a test notices: sidecars of two versions hand nothing
// on to each other.
const Version = 1

// Paths of the port for peers.
const (
	// HelloPath is asked before anything else on a connection: in TLS 1.3 only an
	// answer shows that the peer took the certificate.
	HelloPath   = "/peer/v1/hello"
	UpdatesPath = "/peer/v1/updates"
	// EventsPath takes ids of events whose learners have another home by now.
	EventsPath = "/peer/v1/events"
	// APIPath is before the path of a request of the API that is handed on.
	APIPath = "/peer/v1/api"
)

// Headers, in their canonical form.
const (
	// VersionHeader has the version of the protocol, in requests and answers.
	VersionHeader = "Progress-Sync-Peer"
	// ReadsHeader says what a sidecar reads that others of this Version refuse: the
	// answer to a hello what may be behind the updates of a batch, and a batch what may be
	// in the answer. It is there once for each, hints first, since there are sidecars that
	// look for these alone.
	ReadsHeader   = "Progress-Sync-Peer-Reads"
	ReadsHints    = "hints"
	ReadsSegments = "segments"
	// HopsHeader says how often the request was handed on, this time included.
	HopsHeader = "Progress-Sync-Hops"
	// RefusedHeader says why a request was refused. An answer that has it tells that
	// nothing of the request was kept, and nearly always that its body was not read.
	RefusedHeader = "Progress-Sync-Refused"
)

// Why a request is refused, in RefusedHeader.
const (
	RefusedStopping     = "stopping"
	RefusedProtocol     = "protocol"     // another version, or none
	RefusedTwice        = "twice"        // it was handed on before
	RefusedTooLarge     = "too-large"    // the body, or it does not say how large it is
	RefusedMalformed    = "malformed"    // the body, of which all was read
	RefusedOverloaded   = "overloaded"   // the bodies that are being answered take all the room
	RefusedNotFound     = "not-found"    // there is no such path or method
	RefusedUnregistered = "unregistered" // the key is not of a member, which TLS tells, or is none any more
	RefusedHandshake    = "handshake"    // no TLS 1.3, or no certificate
	RefusedConnections  = "connections"  // more of them than members have
)

// Refusals are all of them. The last three end a connection, so that no answer tells
// of them.
func Refusals() []string {
	return []string{
		RefusedStopping, RefusedProtocol, RefusedTwice, RefusedTooLarge, RefusedMalformed, RefusedOverloaded, RefusedNotFound,
		RefusedUnregistered, RefusedHandshake, RefusedConnections,
	}
}

// MaxStreams is how many requests of one connection are answered at once.
const MaxStreams = 512

type handedOn struct{}

// WithHandedOn marks the context of a request that another sidecar handed on.
func WithHandedOn(ctx context.Context) context.Context {
	return context.WithValue(ctx, handedOn{}, true)
}

// IsHandedOn reports whether a request came from another sidecar, so that it must
// not be handed on again.
func IsHandedOn(ctx context.Context) bool { return ctx.Value(handedOn{}) != nil }
