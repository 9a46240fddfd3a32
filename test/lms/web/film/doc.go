// Package film makes the film of the sample LMS's lessons: one day over a sea, in
// two minutes and without a sound. It is drawn here, so that it is nobody else's.
//
// In: a folder for what is kept. Out: a WebM file with a key frame each second, so
// that going to any place in it is quick and exact. Its promise: the same sources
// draw the same frames.
package film
