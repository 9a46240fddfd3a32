// Package buffer is the durable, coalescing buffer between the app's updates
// and the database.
//
// In come updates (Put) and resets (Reset). Each is merged into the pending
// record of its key and is on disk before it is acknowledged. Out go batches:
// Freeze takes what is due of a lane under the next number, and the writer says
// with Confirm, Split or Quarantine what became of it.
//
// It keeps promise 1 of design.md (acknowledged means kept): a call returns
// without error only after the disk has it, and after an error of the disk
// nothing is acknowledged any more. With Policy.Async that is given up for
// updates and resets: what was acknowledged less than about 50 ms and one sync
// ago is in the memory of the process only, and kill -9 loses it. It keeps its half of promise 2 (exactly
// once) by giving each frozen set of records a number that no other set ever
// gets, and promise 4 (bounded) by the caps of Policy.
//
// # Erasure
//
// Erase takes a learner out of everything in one synced write: records that are
// pending, frozen or confirmed, dead letters and event ids. A frozen batch keeps
// its number without the learner, even when nothing is left in it: if it was
// applied already, the ledger says so, and the rows are deleted afterwards; if
// it was not, it is applied without. Scrub then makes the bytes leave the files:
// logs are not written over but replaced, tables compacted until no deletion is
// left in them, and manifests, which name keys, begun anew. Only the learner's
// id stays until ForgetErasure, because the database can't be asked to delete
// anybody without it.
//
// # Due
//
// A key's window opens at its first update that is not frozen yet and is never
// extended. Its record is due when the window is Interval old, when it was just
// completed, when MarkDue asked for it, when it was quiet for QuietPeriod, and,
// oldest first, while the buffer is above its high-water mark.
//
// # On disk
//
// A Pebble store of these entries. Integers in keys are big-endian, in values
// varint; instants are microseconds. Each value starts with its version.
//
//	m                    format: number of lanes, id of the writer
//	l lane               next number, last applied number, newest arrival,
//	                     numbers and ids of the frozen batches in their order
//	p key                pending: due flag, opening of the window, record
//	b lane number        batch: oldest opening, records; frozen, or kept
//	k lane number        confirmed batch that is kept: number applied before
//	                     it, time of confirmation, bytes
//	e lane segment id    event id that was accepted; a segment is named by the
//	                     instant of its beginning
//	d key                dead letter: id, reason, times, record
//	i id                 key of the dead letter
//	n                    the last dead letter's id
//	t learner            tombstone of an erased learner, who is named by a
//	                     salted hash: instant; the learner's id, until the
//	                     database has erased the learner too
//	x                    there are files to be scrubbed
//
// Put writes p entries, each with the e entries of the events in it, atomically.
// Freeze deletes p entries and writes b and l in one
// atomic synced write, Split replaces b entries likewise, and Quarantine turns
// the b entry of a single record into a d entry, which ReplayDeadLetter turns
// into a p entry likewise. Confirm adds the k entry
// without a sync: if a crash takes it away, the batch is frozen again, the
// ledger says that it was applied, and it is confirmed again. For the same
// reason Split and Quarantine must sync: a batch that came back after its
// halves were written under later numbers would pass for applied.
package buffer
