// Package learner is the load of the fault suite: learners that report progress
// to several sidecars at once, in whatever state these are, and the account of
// every update that was acknowledged.
//
// In come the addresses of sidecars and a seed; out comes a truth.Account. Some
// learners are persistent: their updates carry an event id, and they send one
// again until it is acknowledged. What they report must be counted exactly once.
// The others give up, so that an update whose answer was lost may or may not
// have counted.
package learner
