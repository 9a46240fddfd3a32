// Package handover gives the ids of events to the homes that learners move to, so that
// an update which a client repeats there is not counted a second time; and tells these
// homes when what was kept of the learners is written, so that they know whether they
// have all.
//
// In come the sets of members, one after the other, and pages of ids from other
// sidecars; out go pages to others, and to the rest of the process a View: who is
// home, for which learners this sidecar may merge updates that have an event id, and of
// which it may lack something.
//
// When the candidates change, each sidecar sends the ids that it has merged, of the
// learners whose home is another one than before, to that home, and then says "that
// was all" to every candidate, with a digest of the candidates it goes by. A home
// merges updates with event ids of a learner only if it was the learner's home all the
// time, or once each sidecar that is or was a candidate has said that of the candidates
// which the home knows. Until then it keeps such updates as strays (package buffer),
// which readers see. Whoever does not say it within Patience is not awaited any more:
// it was killed, or can't be reached, and what it has merged may then count twice.
//
// What is pending of learners whose home is another one is made due at each change. When
// it is written, every candidate is told so, with the same digest. A home may be behind,
// of learners who were elsewhere before, until it has heard that from all of them, or for
// ten seconds.
//
// A sidecar first ends what it merges by the candidates of before, so that no id
// comes behind "that was all", and nothing is left to write behind "that is written".
package handover
