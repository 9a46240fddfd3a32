// Package lrs is the kind of receiver that is a learning record store: it takes statements
// of xAPI, one for each completion. Package sending sends them.
//
// In come events of the outbox, out go arrays of statements whose ids follow from those of
// the events, so that a store keeps one that comes again once.
package lrs
