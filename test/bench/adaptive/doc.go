// Command adaptive measures what adaptive intervals do for an application that shares
// a Postgres with the sidecar, which is throttled for a time.
//
//	go run ./test/bench/adaptive -help
//
// The application is pgbench at a fixed rate, as the LMS that asks in vain for its
// data. The server lives in a CPU cgroup of its own, of which the quota is cut. Runs
// with adaptive intervals and with fixed ones take turns. The intervals are short, and
// all times scaled with them. It needs root and a writable cgroup (version 1) for CPU.
package main
