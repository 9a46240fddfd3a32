// Package front serves the plain requests of an HTTP/1.1 API itself, and hands
// every connection that brings anything else to net/http.
//
// In come connections; out go calls of an http.Handler. A request is plain if it
// is a POST of one of the given paths with a Content-Length of up to 64 KiB, if
// all of its head arrived at once and has at most 4 KiB, and if it has none of
// the fields and forms of HTTP that ask for more care: the rules are in head.go.
// A connection's first request that is not plain, malformed ones too, goes to
// net/http with all that follows it, so that there is one answer to each of
// these, and it is net/http's, with one exception: a request of which the end can't
// be told, which net/http would take, is refused and ends its connection
// (framing.go). What is plain gets the answer that net/http would
// give, for less CPU time: no goroutine watches a connection while its request
// is being answered, deadlines are set anew only when they come near, a head is
// only read where it differs from the one before, and nothing is allocated.
//
// The handler of a plain request gets the background context, so it must not
// wait for long; it must not change or keep the request or its header, and what
// it answers is sent when it returns. Clients that are slow or silent are cut off
// after the same times as by net/http (design.md, promise 4), the time of an idle
// connection being short by up to a quarter.
package front
