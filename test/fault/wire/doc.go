// Package wire stands on the line between a client and a Postgres server and
// spoils it: it cuts connections, leaves them hanging, leads elsewhere, and
// swallows the answer to a commit so that the client cannot know its outcome.
//
// In come connections to a loopback address that never changes; out go the same
// bytes to whatever server is the target at that moment. The package knows of
// the protocol how messages are framed and how a transaction ends. It keeps no
// promise of the product; promises 1 and 2 are tested against it.
package wire
