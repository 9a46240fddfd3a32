package identity

import (
	"crypto/tls"
	"errors"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// Registry says which keys are trusted.
type Registry interface {
	// Known reports whether a member may show a key. It may ask the database and
	// take a moment.
	Known(members.Fingerprint) bool
}

// Why a connection is refused.
var (
	// ErrUnknownKey: no member has registered the key that the other side shows.
	ErrUnknownKey = errors.New("the other side's key is not registered")
	// ErrOtherMember: the member that was called shows a key that isn't its own.
	ErrOtherMember = errors.New("another member answers at this address")
	// ErrNoKey: the other side shows no certificate.
	ErrNoKey = errors.New("the other side shows no key")
	// ErrNoHTTP2: the other side would speak another protocol.
	ErrNoHTTP2 = errors.New("the other side does not speak HTTP/2")
)

// protocolHTTP2 is HTTP/2 in the list of RFC 7301.
const protocolHTTP2 = "h2"

// Observer is told of what is refused. Its methods must return at once.
type Observer interface {
	// Refused is told of a connection of somebody else's that was refused, with one
	// of the errors of this package.
	Refused(error)
}

// Server is how to take connections: from members that the registry knows.
func (i *Identity) Server(r Registry, o Observer) *tls.Config {
	c := i.both()
	c.ClientAuth = tls.RequireAnyClientCert
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &i.current().certificate, nil }
	c.VerifyConnection = func(state tls.ConnectionState) error {
		f, err := shown(state)
		if err == nil && !r.Known(f) {
			err = ErrUnknownKey
		}
		if err != nil {
			o.Refused(err)
		}
		return err
	}
	return c
}

// Client is how to call one member. owns reports whether that member may show a
// key; its keys change each day.
func (i *Identity) Client(owns func(members.Fingerprint) bool) *tls.Config {
	c := i.both()
	// The name and the issuer of a certificate mean nothing here; VerifyConnection
	// checks the key instead.
	c.InsecureSkipVerify = true
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &i.current().certificate, nil }
	c.VerifyConnection = func(state tls.ConnectionState) error {
		f, err := shown(state)
		if err == nil && !owns(f) {
			err = ErrOtherMember
		}
		return err
	}
	return c
}

// both is what the two sides have in common.
func (i *Identity) both() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protocolHTTP2}, SessionTicketsDisabled: true}
}

// shown is the fingerprint of the key that the other side has shown, and proven to
// have.
func shown(state tls.ConnectionState) (members.Fingerprint, error) {
	f, ok := Shown(&state)
	switch {
	case !ok:
		return f, ErrNoKey
	case state.NegotiatedProtocol != protocolHTTP2:
		return f, ErrNoHTTP2
	default:
		return f, nil
	}
}

// Shown is the fingerprint of the key that the other side of a connection has
// shown, false if it has shown none.
func Shown(state *tls.ConnectionState) (members.Fingerprint, bool) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return members.Fingerprint{}, false
	}
	return fingerprintOf(state.PeerCertificates[0]), true
}
