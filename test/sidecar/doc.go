// Package sidecar holds the tests of the sidecar as a process: the binary that
// is built from cmd/sidecar, started, killed and stopped as kubelet would do it,
// on a real Postgres.
//
// What an app was told is written down in an account (package truth), which
// knows the promises and none of the product's code, and is compared with the
// table at the end of a test.
package sidecar
