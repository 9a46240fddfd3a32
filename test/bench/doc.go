// Command bench measures the sidecar against what a team would run instead, on
// one machine, in one run: contestants take turns within each round, and every
// comparison is the median of the ratios of the rounds. It writes
// docs/benchmarks.md and docs/benchmarks.svg. Postgres is real, with its default
// durability.
//
// In docs/benchmarks.md is what the whole run found. `make bench BENCH=parts`
// measures some experiments and prints them, and AGAINST names another binary of
// the sidecar, which takes turns with this one in most of them; a table then says
// how the two differ, and what teams run instead is left out.
//
// The experiment pods runs fleets of up to 16 sidecars that know each other. It is a
// part of the page by itself, which `make bench BENCH=pods OUT=docs` writes.
//
// CONNECT names the binary of a general stream processor (Redpanda Connect) to
// measure as well, with the configurations in test/bench/connect.
package main
