// Package coding unpacks the bodies of requests that a client has compressed (RFC 9110,
// section 8.4).
//
// A body comes in whole, with the header field that names its coding. The JSON of it
// goes out, or why there is none. What is unpacked takes memory in steps, each of which
// the caller has to grant, and never more than the limit: a few bytes may claim to be
// gigabytes.
package coding
