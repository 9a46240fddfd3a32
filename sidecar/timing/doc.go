// Package timing says by which terms a record is written: how long it waits, how
// long it has to be quiet, and whether its completion is worth a write of its own.
//
// In comes the configuration; out goes, for each record, the Terms of its class and
// of its learner's variant. All of it is a function of the record and the
// configuration, without state, so that every sidecar and every restart decides alike.
package timing
