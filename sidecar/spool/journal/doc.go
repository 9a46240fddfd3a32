// Package journal keeps changes on disk: a log of them, and a checkpoint that
// stands for the log up to a point. What a change says is its caller's affair.
//
// In come changes, as bytes, in their order (Append), and now and then all of
// the caller's state, as changes too (Checkpoint). Out come, at Open, the newest
// checkpoint's changes and those of the log behind it, in their order.
//
// It keeps promise 1 of design.md (acknowledged means kept): Wait returns
// without error only after the disk has the change and all before it. An error
// of the disk is final, see Failed; only a full disk is none, since what didn't
// fit was not begun.
//
// # Group commit
//
// Append adds a change to the group that is being gathered. The first caller of
// Wait leads: it writes the group as one frame and syncs it, while others gather
// the next group. A frame is written only after the one before it is synced, so
// that at most the last frame of a log can be torn, and a frame that can't be
// read but has another behind it was damaged later.
//
// # On disk
//
// The log is a row of segments, of which each is named by its number, in 16
// hexadecimal digits, and written once, from its start to its end:
//
//	log-0000000000000001
//	log-0000000000000002
//	checkpoint-0000000000000002
//
// A checkpoint stands for all segments with lower numbers, which are removed once
// it is there. Whatever ends in .tmp was never finished. A segment has all of its
// room on the disk from its beginning; what is not written yet reads as zeros, and
// what is left when the next segment is begun goes back to the disk. Before a file
// gets its name its header is synced, and all of it if it is a checkpoint.
//
// All integers are little-endian. Both kinds of file begin with a header of 48
// bytes:
//
//	 0  8  "psspool" and the format's version, 1
//	 8  8  kind: 1 segment, 2 checkpoint
//	16  8  number, as in the file's name
//	24  8  sequence of the first frame, in the segment or behind the checkpoint
//	32  8  salt: a random number
//	40  4  CRC-32C of bytes 0 to 39
//	44  4  zeros
//
// Then follow frames, each at a multiple of 8 bytes:
//
//	 0  4  length of the payload, not 0
//	 4  4  CRC-32C of the salt, the length, the sequence and the payload
//	 8  8  sequence: one more than that of the frame before
//	16     payload: changes, one behind the other
//	       zeros up to a multiple of 8
//
// Without the salt, bytes that a learner's app sent could pass for a frame, and
// so could what lay on the disk before.
//
// When the next segment has its name, a segment gets a last frame, of the sequence
// 0, with that segment's number, 8 bytes. It is not synced: only a segment that
// somebody removed is missed by it.
//
// The frames of a checkpoint are numbered from 1. Its last frame has the sequence
// 0 and says that it is whole: the number of the frames before it, and the
// sequence up to which the log was synced when it was finished, 8 bytes each.
//
// # Replay
//
// The log ends at the first frame that can't be read, if it is in the last
// segment and nothing behind it can: that frame's sync never returned, and it is
// written over with zeros. Everything else that is not as it should be (a frame
// that can't be read before one that can, a segment that is missing, a
// checkpoint that is not whole, a log that ends before the checkpoint's time) is
// a DamageError, which names the file and the place. Nothing is removed or
// written then.
package journal
