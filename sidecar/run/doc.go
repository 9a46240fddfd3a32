// Package run puts the sidecar together: it opens the spool, connects the
// steps of an update's walk, serves the two ports, follows the configuration
// and the Secret while it runs, and drains at the end.
//
// In come Options (what the command line says) and a context that ends with
// SIGTERM; out come an exit error and one line in the termination log. It keeps
// promise 5 of design.md (the LMS is never worse off: nothing but an unusable
// spool or port stops the start) and promise 6 (the write API on loopback only).
package run
