// Package postgres writes batches of records to PostgreSQL, each exactly once,
// and reads records back.
//
// In come frozen batches of a lane, each with its number and the number before
// it; several go in one round trip. One statement a batch, which is its own
// transaction, moves the ledger row of the batch's writer and lane from the one
// number to the other and merges the records into progress_sync.lesson_progress,
// or the table that a mapping names; it does both or neither, so that a batch
// whose answer was lost can be sent again (promise 2). Only what is known to have
// reached the disk is reported as written. The upsert follows the rules of
// progress.Merge and Raise, so that no order of arrival lowers progress (promise
// 3), and leaves out what came in before its learner was erased. Out comes what
// the ledger says: applied, already applied, rewound or fenced; or an error that
// Classify turns into a class, what to do about it and words for the person who
// can.
//
// Connections and times are capped (promise 4): nothing waits for a server that
// does not answer beyond the statement timeout, and reads leave a connection to
// the writes. Errors name no learner, host, role or password (promise 6). It
// works through PgBouncer in transaction mode: no session state, no startup
// options, no session locks.
//
// Beside that it keeps the registry of the sidecars that share the database, from
// which each learns of the others and their keys. Batches don't need it.
//
// The SQL is in the folder sql, a file an operation; that which depends on the
// table is generated, and can be read in testdata.
package postgres
