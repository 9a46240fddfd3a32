// Package buffer is the durable, coalescing buffer between the app's updates
// and the database.
//
// In come updates (Put) and resets (Reset), from the app or in batches of another
// sidecar that hands them on (PutFrom), and updates that wait for the home of their
// learner (PutStray). Each of the others is merged into the pending
// record of its key and is on disk before it is acknowledged. Out go batches:
// FreezeRound takes what is due of a lane under the next numbers, and the writer
// says with ConfirmThrough, Split, Postpone, Unite or Quarantine what became of
// each.
//
// It keeps promise 1 of design.md (acknowledged means kept): a call returns
// without error only after the disk has it, and after an error of the disk
// nothing is acknowledged any more. With Policy.Async that is given up for
// updates and resets: what was acknowledged less than about 50 ms and one sync
// ago is in the memory of the process only, and kill -9 loses it. It keeps its
// half of promise 2 (exactly once) by giving each frozen set of records a number
// that no other set ever gets, and promise 4 (bounded) by the caps of Policy.
//
// # How it is made
//
// Everything is in memory and, through package spool, the same on disk. Disk is
// read once, by Open. Each thing in memory has a type that takes its inputs,
// returns what came of them, and knows neither locks nor disk:
//
//	pendingSet      of a lane: what waits, by key and learner; dueOrder is the
//	                order in which it is due, see below
//	frozenBatches   of a lane: what is being written
//	keptBatches     of a lane: what was written and may have to be again
//	eventWindow     of a lane: ids of events that were accepted; and one of all
//	                lanes together: ids that other sidecars handed over
//	completedKeys   of a lane: lessons that were completed lately
//	straySet        of a lane: updates that wait for their home, by arrival, key,
//	                learner and event
//	senders         the last batch of each sidecar that hands updates on
//	quarantine      dead letters
//	tombstones      learners who were erased
//	capacity, space whether there is room; clock, arrivals
//
// Buffer's methods are those of its parts, which share a core: intake (updates and
// resets), unsaved (what is not saved, and how much), due (when to write), batches (for
// the writer), strays (for the way home), eventIDs (for the next home), deadLetters,
// erasures and housekeeper. All of them work on a state, which has the things above
// and the decisions that change them.
//
// A call locks the lanes that it needs, decides, changes memory and writes into a
// spool.Change what it changed, appends that under the locks, so that
// one key's changes are in order on disk too, and waits for the disk without
// them. Lanes are locked in the order of their numbers; what belongs to no lane
// is changed with all of them locked and read with any.
//
// # Freezing and confirming
//
// FreezeRound deletes pending entries and writes batches and the lane's numbers
// in one synced change, and Split, Postpone and Unite replace batches likewise;
// Quarantine turns the batch of a single record into a dead letter, which
// ReplayDeadLetter turns into a pending record likewise. ConfirmThrough does not
// sync: if a crash takes it away, the batches are frozen again, the ledger says
// that they were applied, and they are confirmed again. For the same reason Split
// and Quarantine must sync: a batch that came back after its halves were written
// under later numbers would pass for applied.
//
// # Batches that are handed on
//
// The answer of PutFrom can be lost on its way to the sender, who sends the batch
// again under its number. So the number is written in the same change as what the
// batch changes, with the items that were not merged and why: a batch with the
// number of its sender's last is answered from that and changes nothing, also
// after a restart. It waits for the disk, since the first may still do so.
//
// A stray is an update with an event id whose home can't be reached, or may have
// it and its answer was lost. Merged here it would be counted twice if it is
// repeated elsewhere; so it is kept as itself, and its home recognizes the id.
// Who holds strays hands them on (Strays, DropStrays), or merges them where there
// is nobody to hand them to (TakeStrays); nothing else ends one but a reset of its
// key, an erasure, and the news that another sidecar merged its event. A stray is
// known by its event id as long as it is there, and what became of it is remembered
// when it ends: so an event is merged here or handed on, and never both.
//
// # Event ids of another home
//
// An event has the same id in every sidecar. When a learner's home changes, the ids
// of what was merged (EventIDsWhere) are handed over to the next home, which
// remembers them (RememberEventIDs) and drops the strays that it has of these
// events. Nobody is told of an event that is a stray, or that was handed on to its
// home and may be a stray there: told as merged, it would be dropped everywhere. For
// the same reason PutFrom takes an event that was handed on: it may be the home's
// stray, which comes back because the learner's home is here again. What has been
// handed on is a duplicate for Put and PutStray only.
//
// Ids that an earlier version made with the writer's id are recognized as long as
// they are remembered, and handed over to nobody. Of two learners with one number of
// package learnerhash, the erasure of one forgets the event ids of the other.
//
// # Checkpoints
//
// From time to time all entries are written to disk anew (enumerate), and what
// was written before is removed. They are read in portions, each under its
// lane's lock for a moment, while other calls go on.
//
// # Erasure
//
// Erase takes a learner out of everything in one synced change: records that are
// pending, frozen or confirmed, strays, dead letters and event ids. A frozen batch keeps
// its number without the learner, even when nothing is left in it: if it was
// applied already, the ledger says so, and the rows are deleted afterwards; if
// it was not, it is applied without. A checkpoint follows, after which no file of
// the spool holds what the learner did. Only the learner's id stays until
// ForgetErasure, because the database can't be asked to delete anybody without
// it.
//
// # Due
//
// A key's window opens at its first update that is not frozen yet and is never
// extended. Which Terms (package timing) its record is written by is chosen then, once
// more when the lesson's duration or module becomes known, and when the policy changes.
// The record is due when the window is Terms.Interval old, times the stretch; when it
// was just completed and has gathered others for Gather; when MakeDue asked for it;
// and, oldest first, while the buffer is above its high-water mark. It is due early
// when it was quiet for Terms.Quiet, when its learner left LeaveGrace ago and no more
// came, and when an update asked for that (SyncWithin), but for the latter two no more
// often than each Table.Floor. Of what is due by time the first to be due is written
// first.
//
//	early, earlyQueue  of an entry: what makes it due early; and which is the first
//	pace, rhythms      how far apart the updates of a key come; and the same of keys
//	                   that are not pending, until they were silent for minutes
package buffer
