// Package learnerhash has the number that stands for a learner among sidecars. The
// learner's home is found by it, and the ids of the learner's events have it in front,
// so that a sidecar can tell whose home an event belongs to without knowing its key.
package learnerhash
