// Package wire stands on the lines of the fault suite and spoils them: it cuts
// connections, leaves them hanging, loses what is said in one direction or in both,
// leads elsewhere, and holds back an answer so that the client cannot know its outcome.
//
// Proxy is between the sidecars and a Postgres server, Network between sidecars. In
// come connections to a loopback address that never changes; out go the same bytes to
// whatever server is the target at that moment. The package knows of Postgres how
// messages are framed and how a transaction ends; what sidecars say to each other is
// encrypted, and is known by its size. It keeps no promise of the product; promises 1
// and 2 are tested against it.
package wire
