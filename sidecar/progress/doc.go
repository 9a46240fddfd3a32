// Package progress is the domain of the sidecar: what an app reports about a
// learner in a lesson (Update), what the sidecar keeps and writes for it
// (Record), and how two records of one key become one (Merge). Fields is the
// table of all that a record has, from which the other packages know it.
//
// It does no I/O, reads no clock and imports only the standard library. Merge
// is commutative, associative and never lowers a maximum, so that pods, lanes
// and replays need not agree on an order (design.md, promises 2 and 3).
package progress
