package buffer

import "github.com/progress-sync/progress-sync/sidecar/progress"

// DeadLetterReason is why a record was set aside; it holds no data.
type DeadLetterReason struct {
	// SQLState of the database's refusal. It is empty if the database reported the
	// record as written and it was not.
	SQLState   string
	Constraint string // its name, if one was violated
}

// DeadLetter is a record that the database refuses. There is one for a key:
// what is refused later is merged into it, so that a learner whose every
// heartbeat is refused takes no more space than one whose first was.
type DeadLetter struct {
	ID     uint64           // of this spool, never given out again
	Reason DeadLetterReason // the latest
	Times  uint64           // how often a record of the key was refused
	First  progress.Instant // when that was
	Last   progress.Instant
	Record progress.Record
}
