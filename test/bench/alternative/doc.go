// Package alternative holds what a team would run instead of the sidecar, and
// the limits that no HTTP service in Go on this machine can pass: a handler that
// only reads, one that also decodes, an app that upserts each update itself, and
// a hand-written batch upsert. They share no code with the product.
package alternative
