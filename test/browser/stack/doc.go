// Command stack is what the browser tests run against: a throwaway Postgres, and
// pairs of a sample LMS and a sidecar, which are the real programs, with a gate
// between the two (package gate). All pairs write to the same database, as pods
// do. The sidecars of three hand on to each other, the others are by themselves.
//
// It prints one line of JSON with all addresses when everything is ready, and
// serves a control API on loopback, by which a test ends and starts programs,
// sets faults, and reads the rows and what the LMS sent. It ends with its
// standard input, with SIGTERM or with the process that started it, and leaves
// nothing behind.
package main
