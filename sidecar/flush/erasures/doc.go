// Package erasures erases from the database the learners who are erased from the
// spool, and does so again when a failover may have brought their rows back.
//
// In come the spool's erasures, those that the database still has to be asked for
// and those that it has carried out; out go Erase calls to the database and what
// became of each erasure to the spool. It keeps promise 7 of design.md for them:
// one that the database refuses is counted, told and tried again.
//
// A failover to a replica that lagged brings back the rows of a learner who was
// erased meanwhile, and takes the database's tombstone away. So the spool knows an
// erasure for the replay window, like confirmed batches, and it is asked for again:
// by Repeat, whenever the database may be an older one, ahead of the first write to
// it, so that what came in later is not merged into rows that are to go; and when
// the window ends. Where it was not undone, that does nothing.
//
// Whoever orders an erasure is told its rows, also if a pass over what is pending
// carries it out between the spool's erasure and the order's own call.
//
// Each erasure is tried on its own. One that the database refuses for what it is
// must not keep the later ones back, nor be told as a database that takes nothing:
// it stays, is counted, and is tried again ever more seldom.
package erasures
