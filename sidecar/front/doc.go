// Package front serves HTTP/1.1 with fasthttp, for handlers of net/http.
//
// In come connections; out go calls of an http.Handler. A POST of one of the given
// paths gets a request that is made from fasthttp's without a goroutine and nearly
// without memory; all others go through fasthttp's own adaptor, event streams
// too, and have no body. What fasthttp leaves to whoever uses it is here: to end
// connections without a request at once, to let a handler know that its client has
// gone, to survive a handler's panic, and to refuse a request of which the end
// can't be told (ambiguous.go).
//
// The handler of such a POST gets the background context, so it must not wait for
// long; it must not change or keep the request or its header, and what it answers
// is sent when it returns. Clients that are slow or silent are cut off (design.md,
// promise 4).
package front
