// Package kit is what tests share: it waits for a condition, finds an address, and
// runs a sidecar, each for one test, which fails with what is known where that
// fails.
//
// It is a thin layer over the packages below it, which take no test and which the
// programs use (the demo, the sandbox, the faults, the browser's stack): project
// (folders), ci (whose machine it is), wait (conditions), port (ports), program (building
// and running) and sidecar. A Postgres comes from test/postgres.
package kit
