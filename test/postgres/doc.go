// Package pgtest runs throwaway PostgreSQL servers: the real programs, with
// default durability, on loopback and on whatever other addresses a test asks
// for. Tests, the demo, the sandbox and the benchmarks stand on it.
//
// In comes what the server should be like (Options); out come connection URIs,
// the means to stop, freeze and start it again, and a test's own connections,
// statements and values. A server ends with the process that started it. The
// package keeps no promise of the product; it makes the outages that the promises
// are tested against.
package pgtest
