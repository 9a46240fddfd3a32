// Package members decides which sidecar is the home of a learner.
//
// In come the sidecars that the registry in the database tells of; out comes an
// immutable Set, which says who is home to a learner and whose key may be trusted.
// All of it is a pure function of its input: sidecars that know the same members
// agree without a word between them.
//
// Home is rendezvous hashing: each candidate draws a number for the learner, and
// the highest one wins. So a member that goes moves its own learners and no others,
// and one that comes takes its share from all. At most MaxCandidates members are
// candidates, so that the connections of a sidecar stay bounded in a large fleet.
//
// A Set may be wrong at any moment: members learn of each other with a delay. The
// homes of a Set are therefore an optimisation, and no promise of design.md may
// need them.
package members
