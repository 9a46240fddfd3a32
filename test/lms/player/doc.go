// Package player is one simulated learner in front of a video player: what the
// player of an LMS would report, heartbeat by heartbeat, with pauses, seeks,
// changes of speed, completions and the next lesson.
//
// It is pure: the same seed and the same times give the same updates, and a
// State is all there is, so that a learner can stop in one pod and go on in
// another. Times here are those of the video; how fast they pass is up to the
// caller.
package player
