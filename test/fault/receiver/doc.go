// Package receiver is a service that events are pushed to, with faults of its own: it goes
// away, is slow, refuses one event, and loses its answers.
//
// In come requests of Standard Webhooks, which it checks by code of its own; out come
// what it took, by the ids of events, and what no sender may do.
package receiver
