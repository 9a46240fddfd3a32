// Package inject holds the faults of the suite, one a file.
//
// In come a world and random numbers that decide the details; out comes damage,
// and later its repair. A fault that this machine has no means for says so once,
// and is listed as not injected; in CI that fails the run.
package inject
