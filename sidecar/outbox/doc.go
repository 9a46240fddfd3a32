// Package outbox gives out the events of progress_sync.outbox, and keeps that table.
//
// In come rows of the outbox and the places that readers have come to; out go batches of
// CloudEvents 1.0 and the next place. A reader that goes on from there gets each event at
// least once, in the order of the transactions that wrote them (promise 2: the id of an
// event is always the same). Keeper makes the partitions of the next days and drops those
// that are older than the retention.
package outbox
