// Package blame says whose fault it is when the database refuses a batch for its
// data, the record's or the table's, and keeps account of the batches of which
// nobody knows.
//
// In come refused batches and how much was written; out comes a Verdict. The
// SQLSTATE can't tell: a trigger that raises an exception may mean one learner or
// everybody. The neighbours can: if others are written, the record is set aside; as
// long as none is, it is kept. Only data that does not fit is set aside, at first,
// where there is no neighbour. It does no I/O.
package blame
