// Command fault breaks everything that progress-sync depends on, again and
// again, while learners report progress, and then compares every row with what
// was acknowledged.
//
// It runs the real sidecar program against a real Postgres with a streaming replica:
// four peers and two of another version of the protocol, for the same learners, and two
// without peers that write to a mapped table. All of them send events to a receiver, which is
// away, slow, refuses one, and loses its answers; they do that in a tenth of the usual times
// (builds.go), so that what takes minutes is over in a run. Which faults happen, when and how they
// do follows from a seed, which is printed; what the learners report does too,
// but not how the processes interleave. Promises 1 to 3 of design.md are what it
// tests. Errors of the disk's sync and torn writes need a file system that
// simulates them: see the crash tests of sidecar/buffer.
package main
