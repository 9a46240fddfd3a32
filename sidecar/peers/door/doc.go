// Package door is the port to which other sidecars of the same database hand on.
//
// In come batches of updates and resets, which go to the Home, and whole requests of
// the API, which go to its handler with a mark that says so. Who may come in is what
// the given tls.Config says: members, by their keys. What is refused is refused before
// its body is read, answered with the reason, and counted; such an answer tells the
// sender that nothing of the request was kept (design.md, promises 1, 4 and 6).
//
// A sender is not bound to the key that used it first: it is random, and who has a
// registered key may write anything anyway.
package door
