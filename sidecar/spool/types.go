package spool

import (
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// MaxLanes is the largest number of lanes that a spool can have.
const MaxLanes = 64

// Format is what a spool is fixed to when it is created.
type Format struct {
	Lanes  int       // 1 to MaxLanes
	Writer uuid.UUID // of this spool, random
}

// Lane is a lane's numbers.
type Lane struct {
	Next     uint64           // number of its next batch, not 0
	Applied  uint64           // number of the last one that was confirmed
	Received progress.Instant // the newest arrival that was given out
	Frozen   []BatchName      // in their order
}

// BatchName is the number and the id of a frozen batch.
type BatchName struct{ Number, ID uint64 }

// Pending is a record that waits.
type Pending struct {
	Due    bool             // whatever the window's age
	Opened progress.Instant // when the window opened
	Record progress.Record  // its key is that of the entry
}

// Batch is the records of a batch that is frozen, or kept after it was confirmed.
type Batch struct {
	Oldest  progress.Instant // opening of the oldest window in it
	Records []progress.Record
}

// EncodedBatch is a Batch as it is on the disk, at about half of its size.
type EncodedBatch []byte

// Kept says that a batch is confirmed and can still be applied again.
type Kept struct {
	Prev  uint64           // the number that the lane had applied before it
	At    progress.Instant // when it was confirmed
	Bytes int64            // of the EncodedBatch
}

// LearnerID stands for an erased learner.
type LearnerID [16]byte

// Tombstone says that a learner was erased.
type Tombstone struct {
	At     progress.Instant
	UserID string           // empty when the database can't need it any more
	Done   progress.Instant // when the database had erased the learner too, 0 for not yet
}

// DeadLetterReason is why a record was set aside; it holds no data.
type DeadLetterReason struct {
	// SQLState of the database's refusal. It is empty if the database reported the
	// record as written and it was not.
	SQLState   string
	Constraint string // its name, if one was violated
}

// DeadLetter is a record that the database refuses. There is one for a key.
type DeadLetter struct {
	ID     uint64           // of this spool, never given out again
	Reason DeadLetterReason // the latest
	Times  uint64           // how often a record of the key was refused
	First  progress.Instant // when that was
	Last   progress.Instant
	Record progress.Record
}
