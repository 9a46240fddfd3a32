// Package viewing invents how learners watch lessons: what their players report, and
// when. The same arguments give the same sessions, so that two ways to write them can
// be compared, with a simulated clock or with a real one.
package viewing
