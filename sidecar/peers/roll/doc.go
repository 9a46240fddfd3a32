// Package roll keeps a sidecar on the roll of those that share its database, and
// knows who else is on it.
//
// Every 20 seconds it enrolls: one statement says that the sidecar is there and
// returns the others, if they have changed. In come the registry's answers; out
// goes a members.Set, by an atomic pointer for those who ask at each update, and by
// a channel for those who act on a change. The second call follows a second after
// the first: sidecars that start at the same moment don't see each other in that.
//
// While the database is away the last set stays: sidecars reach each other without
// it. After that the others come back within a period, and are not missed before.
// A key that is not known is looked up out of turn, but no more than once a second,
// so that nobody on the pod network makes the sidecars a load for the database.
//
// A sidecar that stops says first that it is leaving, so that nothing is handed on
// to it any more, and leaves when it has drained. One that could not hand over to the
// others what they need stays on the roll until it is started again or missed, as
// one that was killed: who is gone is waited for no more.
package roll
