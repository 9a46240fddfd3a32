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
	// APIPath is before the path of a request of the API that is handed on.
	APIPath = "/peer/v1/api"
)

// Headers, in their canonical form.
const (
	// VersionHeader has the version of the protocol, in requests and answers.
	VersionHeader = "Progress-Sync-Peer"
	// HopsHeader says how often the request was handed on, this time included.
	HopsHeader = "Progress-Sync-Hops"
	// RefusedHeader says why a request was refused. An answer that has it tells that
	// nothing of the request was read.
	RefusedHeader = "Progress-Sync-Refused"
)

type handedOn struct{}

// WithHandedOn marks the context of a request that another sidecar handed on.
func WithHandedOn(ctx context.Context) context.Context {
	return context.WithValue(ctx, handedOn{}, true)
}

// IsHandedOn reports whether a request came from another sidecar, so that it must
// not be handed on again.
func IsHandedOn(ctx context.Context) bool { return ctx.Value(handedOn{}) != nil }
