// Package peers makes a sidecar one of the sidecars of its database: each learner has
// one home among them, which keeps and writes what the learner does, and the others
// hand on to it.
//
// In come calls of ingest and of other sidecars; out go parts of them to the own
// buffer and to the homes of their learners. The packages below it each do one step:
//
//	members   who is home to a learner
//	identity  the keys by which sidecars know each other
//	roll      the registry in the database, asked every 20 s
//	wire      what a batch and an answer are made of
//	hop       hands batches on
//	door      takes them
//	forward   hands whole requests on
//	route     brings each update of a call to its home, or keeps it
//	handover  gives the ids of events to the homes that learners move to
//
// A home is never needed: see package route for what becomes of an update whose home
// can't be reached.
package peers
