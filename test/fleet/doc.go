// Command fleet measures the operator with as many policies and sidecars as a
// large installation has: a real API server holds the policies and the pods,
// the operator is a process of its own, and one more process serves the status
// documents of all sidecars, each at an address of its own. It writes its part
// of docs/benchmarks.md.
//
// Three situations are measured beside each other: nothing changes in the
// fleet; every count of every sidecar changes all the time; and so, while one
// sidecar in ten takes the operator's connection and never answers.
package main
