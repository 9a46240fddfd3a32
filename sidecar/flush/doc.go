// Package flush takes what is due out of the buffer and gets it into Postgres.
//
// In come due records (frozen into numbered batches by the buffer) and the
// answers of the database; out go Apply calls to the database, Confirm, Split
// and Quarantine calls to the buffer, and what happened to an Observer.
//
// It keeps promise 2 of design.md (exactly once in the database) together with
// the ledger: a batch is frozen under a number before it is sent, it is sent
// until the ledger is known to stand at its number, and only then confirmed.
// After a crash, a lost answer or a failover the ledger's number alone decides
// what follows (compare in compare.go), so that the way back after a crash and
// the ordinary way are the same code. It keeps promises 4 and 7 by bounding
// every attempt and reporting every failure as a Condition; nothing is dropped.
//
// What the ledger may say at a claim or when a batch is sent, and what follows:
//
//	the last confirmed number    go on
//	a frozen batch's number      it was applied, its answer was lost: confirm;
//	                             with the id of another batch, as below
//	a lower number, or no row    the database fell back: apply again what is
//	                             kept above it, then go on; if something is
//	                             missing, say so and move the ledger past it
//	any other higher number      the spool is an old copy: hold its data; a
//	                             claim that finds it is taken back whole, so
//	                             that the copy fences nobody
//	another owner                with fewer claims than at this process's, the
//	                             database fell back to before it: claim again;
//	                             else a newer process: stop for good
//
// One goroutine per lane writes the lane's batches one after the other, and one
// looks after the connection when nothing is written. When and how often they
// may try is decided by the gate, which all of them share.
package flush
