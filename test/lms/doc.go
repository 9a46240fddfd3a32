// Command lms is a sample learning platform: a pod of it runs simulated
// learners, who report what they watch to the sidecar at PROGRESS_SYNC_URL, and
// are led by a test driver through the API of package control.
//
// Its environment: PROGRESS_SYNC_URL (which the operator sets), TRUTH_URL of the
// collector that keeps the account (kept in memory and shown at /truth without
// it), POD_NAME (else the host's name), LISTEN (":8080").
//
// On SIGTERM the learners stop, the answers of the last writes are awaited and
// recorded, and it exits with 0.
package main
