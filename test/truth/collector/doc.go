// Package collector carries an account from where updates are sent, a pod that
// may be deleted at any moment, to where it is kept, the process of the test.
//
// In come entries through a Client; they go out to the Account behind a Handler.
// Record returns when the entries are in that account, so a sender that records
// what it is about to send before it does so can die at any point without the
// account missing anything.
package collector
