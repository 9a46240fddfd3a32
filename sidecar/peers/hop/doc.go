// Package hop hands updates and resets on to the sidecar that is home to their
// learners, and whole requests of the API.
//
// In comes what callers of one process have for one peer; a Link gathers it while a
// request is under way, and sends what came meanwhile with the next one. Out come the
// home's results, once its disk has synced; or ErrUnreachable, if nothing was sent;
// or ErrInDoubt, if the home may have taken it. A Link numbers its batches, and
// repeats one that was not answered with the same number and the same body, so that
// the home merges it once (design.md, promise 2).
//
// Nothing is sent before the peer has answered a hello on the same connection: in TLS
// 1.3 a client learns only from an answer that its certificate was taken. So an
// error before the request's headers were written is no doubt, and any later error
// is, unless the peer says that it refused the request unread.
package hop
