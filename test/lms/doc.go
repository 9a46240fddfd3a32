// Command lms is a sample learning platform: a pod of it runs simulated
// learners, who report what they watch to the sidecar at PROGRESS_SYNC_URL, and
// are led by a test driver through the API of package control.
//
// Its environment: PROGRESS_SYNC_URL (which the operator sets), TRUTH_URL of the
// collector that keeps the account (kept in memory and shown at /truth without
// it), POD_NAME (else the host's name), LISTEN (":8080"), USER_HEADER (what the
// policy's spec.ingest.userHeader names; without it simulated learners send none).
//
// With APP_LISTEN (":8090") a pod takes what learners of other pods write and read
// (package backend). Such learners are in a pod that has LMS_URL and no sidecar: each of
// their requests goes to that address over a connection of its own, so that a
// Service without affinity brings it to any pod.
//
// With -web :8000 -assets DIR it is a web site too, package web, where real
// learners log in and watch a film. SESSION_KEY signs their sessions; replicas
// need the same one.
//
// On SIGTERM the learners stop, the answers of the last writes are awaited and
// recorded, and it exits with 0.
package main
