// Package spool keeps the buffer's entries on disk: what is pending, what is
// frozen, and what must be known of the past.
//
// In come changes, sets of entries that are put and deleted (Append), and now and
// then all entries there are (Checkpoint). Out come, after Open, the entries that
// were there (Load).
//
// It keeps promise 1 of design.md (acknowledged means kept): Wait returns without
// error only after the disk has a change whole, and an error of the disk is
// final. Package journal has the files: a log of changes, and a checkpoint that
// the log is replayed over. An erasure is a change that deletes, and a checkpoint
// after it: older files are removed, and no name of a file says anything of a
// learner.
//
// # Entries
//
// Integers in names are big-endian, in values varint; instants are microseconds,
// 8 bytes, little-endian. Strings have their length in front of them. Each value,
// and each record and update in it, starts with its version, 1. A key is a learner, a course
// and a lesson, see Key.
//
//	m                    format: number of lanes, id of the writer
//	e lane segment id    event id that was accepted; a segment is named by the
//	                     instant of its beginning; the value is nothing for an
//	                     id that is salted, and else a byte: 1 merged, 2 handed
//	                     on; lane 255 is of events that other spools merged
//	l lane               next number, last applied number, newest arrival,
//	                     numbers and ids of the frozen batches in their order
//	b lane number        batch: oldest opening, records; frozen, or kept
//	k lane number        confirmed batch that is kept: number applied before
//	                     it, time of confirmation, bytes
//	d key                dead letter: id, reason, times, record
//	n                    the last dead letter's id
//	t learner            tombstone of an erased learner, who is named by a
//	                     salted hash: instant; the learner's id and the instant
//	                     of the database's erasure, while they are needed
//	o                    the entries come from an import and are unchanged
//	p key                pending: due flag, opening of the window, record
//	h sender             another process that hands updates on: number of its last
//	                     batch, when it came, and which of its items were not
//	                     merged and why, as runs: items since the run before,
//	                     length, reason
//	s instant            stray, an update that waits for the home of its learner,
//	                     with all its fields; named by its arrival
//
// # Changes
//
// A change is operations, one behind the other. Each is a byte, the length of a
// name, and a name:
//
//	1  put: followed by the length of a value, and the value
//	2  delete
//	3  forget events: the name is that of a segment; its lane's events in it and
//	   in older ones are deleted
package spool
