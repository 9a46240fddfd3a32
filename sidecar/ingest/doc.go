// Package ingest is the sidecar's local HTTP API, which an app on the same pod
// calls on the loopback interface.
//
// In comes JSON of an app; out go validated progress.Updates to the buffer, and
// to the app either an answer that is sent only after they were accepted, which
// is to say on disk (design.md, promise 1), or a problem document (RFC 9457)
// that names the field and says what to do. Body size, items, lengths, numbers,
// concurrent requests and waiting times are capped (promise 4), and a read of a
// slow database is answered from the buffer, marked stale (promise 5).
//
// Nothing of a learner is logged or repeated in an error (promise 6).
package ingest
