// Package route brings each update to the home of its learner.
//
// In come the updates and resets of one call; out go parts of them, one to this
// sidecar's own buffer and one to each peer that is home to some of the learners, at
// the same time. The results come back in the order of the call.
//
// A home is an optimisation and never needed. What can't reach its home is kept here:
// an update with an event id as a stray, which goes to its home later and is counted
// once there, whatever became of it before; one without as an update of this
// sidecar's own. Only what may have reached its home, without an answer, and has no
// event id is refused with hop.ErrInDoubt, since nobody can tell later whether it
// counts already.
//
// A home that has not been reached for a minute, though it is a member, is waited for no
// more: something keeps the two sidecars apart.
//
// An update with an event id whose home is this sidecar is a stray too while another
// sidecar may have merged the same event (package handover).
//
// Deliver hands the strays on.
package route
