// Package front serves HTTP/1.1 with fasthttp, for a handler of net/http.
//
// In come connections; out go calls of the handler. A POST or a PUT of one of the
// given paths is plain, and so is a PUT below one that ends in a slash: its handler reads the body as it comes, gets the background context, so
// that it must not wait for long, and its answer is sent when it returns. It must not
// change the request or its header, nor keep these; their strings it may keep. All
// other requests have no body, and a context that ends when their client has gone;
// they go through fasthttp's adaptor, which sends the answer while the handler runs.
//
// What fasthttp leaves to whoever uses it is here: requests whose memory is not used
// again (request.go), the refusal of heads that two servers may read in two ways
// (framing.go), the time of a client, its last answer and its going (conn.go), an
// orderly shutdown (server.go), panics and updates that did not arrive (handlers.go).
// Clients that are slow or silent are cut off (design.md, promise 4), and what was
// refused before the handler saw it is counted by the Refuser (promise 7).
package front
