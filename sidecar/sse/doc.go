// Package sse writes a state to an HTTP client as server-sent events.
//
// In comes a function that tells the state and a channel that closes when it
// may have changed. Out goes the state at once, unless the client has it, and
// again after changes, so that the last one always arrives. However busy the
// sidecar is, a stream costs a few states a second, and a client that does not
// read is cut off (design.md, promise 4). A stream ends with its client or with
// the sidecar, whichever is first, so that no drain waits for it.
package sse
