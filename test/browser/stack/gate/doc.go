// Package gate stands between a sample LMS and its sidecar: it keeps an account
// of what the LMS's proxy sent, and answers in the sidecar's place, holds a
// request back, or swallows the answer to one, as a test asks.
//
// In come HTTP requests to a loopback address that stays the same while the
// sidecar ends and starts; out go the same requests. A sidecar that is down is a
// broken connection here, as it is without the gate. Faults are for one learner
// each, so that tests can run at the same time.
package gate
