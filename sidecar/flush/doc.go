// Package flush takes what is due out of the buffer and gets it into Postgres.
//
// In come due records (frozen into numbered batches by the buffer) and the
// answers of the database; out go ApplyRound calls to the database, ConfirmThrough,
// Split and Quarantine calls to the buffer, and what happened to an Observer.
//
// It keeps promise 2 of design.md (exactly once in the database) together with
// the ledger: a batch is frozen under a number before it is sent, it is sent
// until the ledger is known to stand at its number, and only then confirmed.
// It keeps promises 4 and 7 by bounding every attempt and reporting every failure
// as a Condition; nothing is dropped.
//
// One goroutine a lane does the same again and again (lane.run):
//
//	wait for work     something is due or frozen, or the ledger is elsewhere
//	be admitted       by the breaker (package breaker), which keeps lanes back
//	                  while the database fails
//	take one turn     with one write at most (lane.turn); it touches neither
//	                  breaker nor observer, and returns an outcome
//	report            the outcome to breaker, ledger and observer (lane.report)
//
// A turn enters the ledger: what this process knows of the ledger rows of all its
// lanes. A failure after which another server may answer calls them in question;
// whoever enters next renews them, once for all lanes, under a newer owner token that
// fences what this process has still on its way, and repeats the erasures that the
// other server may not know (package erasures). After a crash, a lost
// answer or a failover the ledger's number alone decides what follows (compare), so
// that the way back after a crash and the ordinary way are the same code:
//
//	the last confirmed number    write
//	a frozen batch's number      it was applied, its answer was lost: confirm;
//	                             with the id of another batch, as below
//	a lower number, or no row    the database fell back: replay what is kept
//	                             above it; if something is missing, say so and
//	                             move the ledger past it
//	any other higher number      the spool is an old copy: hold its data; a
//	                             claim that finds it is taken back whole, so
//	                             that the copy fences nobody
//	another owner                with fewer claims than at this process's, the
//	                             database fell back to before it: claim again;
//	                             else a newer process: stop for good
//
// A batch that the database refuses is split, set aside or kept in doubt, as
// package blame judges. What no lane waits for, such as asking an idle database for
// a sign of life, is done by one more goroutine (upkeep).
package flush
