// Package state counts what happens in the sidecar and publishes it.
//
// In come the reports of ingest (Accepted, Rejected), of the buffer (JournalSynced,
// Merged, FinalLag), of flush (it is a flush.Observer) and of the configuration;
// out go Prometheus metrics, the status document that the operator collects,
// the sync state that an app shows, the handler of the pod-network port, and for
// the panel the last batches, the save lag and half an hour of samples. What is
// saved counts by class of lessons and by variant, too.
//
// It keeps promise 7 of design.md (nothing silent) and its part of promise 6:
// what it publishes holds counters, ages and classes of errors, nothing of a
// learner and nothing of a connection string. It asks neither the database nor
// the disk, so that liveness can't hang on either (promise 5).
package state
