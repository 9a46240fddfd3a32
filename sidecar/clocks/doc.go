// Package clocks corrects the times of updates whose device has a wrong clock.
//
// In come updates and the moment of their arrival; their OccurredAt comes out
// shifted by as much as the device's clock is off, where that is known: from
// SentAt, or from a series of updates that arrive as far apart as they happened,
// each as old as the one before. What is only late, such as what a device has
// gathered offline, keeps its time. So the position of a device that is an hour
// behind shows, and an update never counts as later than its arrival for it
// (design.md, promise 3).
//
// It does no I/O, reads no clock, and keeps a fixed number of offsets, none of
// them with a learner's id (promises 4 and 6). It forgets them when the process
// ends, and learns them anew.
package clocks
