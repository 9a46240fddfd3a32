// Package breaker says when a lane may use the database, and what the state of
// flushing is as a whole.
//
// In come the outcomes of attempts; out go attempts, one after the other while the
// database is away, and a Condition at each change. A failure that concerns the
// database as a whole is counted for all lanes together; once one has happened only
// one lane tries at a time, after the delays of the Backoff: that is the breaker. A
// failure that is one lane's own keeps only that lane back. It does no I/O and keeps
// promises 4 and 7 of design.md for flushing: every attempt is bounded by the ones
// before it, and every failure shows.
package breaker
