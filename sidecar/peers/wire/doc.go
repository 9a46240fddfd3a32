// Package wire is the language of two sidecars of one database: the body in which
// one hands updates or resets on to the other, the answer, and the paths and
// headers around both.
//
// A body is a version, the sender, the number of the batch and its items, behind which
// may be hints about when to write them; an answer has a result for each item, in their
// order, or one error for all. Both are decoded
// within bounds: what a length says is compared with what is there before any memory
// is taken for it. How an update is written follows from the table of fields
// (hack/fields); a record is written as in the spool, without its key.
package wire
