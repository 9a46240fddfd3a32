// Package identity is what a sidecar shows to others, and how it knows them.
//
// A process makes an Ed25519 key and a certificate for it in memory, at its start
// and anew each day; neither is ever written anywhere. What counts is the key's
// fingerprint, which the sidecar registers in the database. So who can speak to a
// sidecar is who can write into its database (promise 6 of design.md): there is no
// certificate authority, no Secret and no clock to agree on. Names and times in the
// certificate mean nothing.
//
// In come the registry's answers: which keys are known, and which of ours it has.
// Out come the fingerprints to register and the TLS configurations of both sides.
// Both speak TLS 1.3 and HTTP/2 only, show a certificate, and check the other's key
// at each handshake; there are no session tickets, so each connection has one.
//
// A new key is registered beside the one in use, is used for new connections once
// it has been registered for Settle, and stays registered for the day after its own.
package identity
