package buffer

import "github.com/progress-sync/progress-sync/sidecar/spool"

// DeadLetter is a record that the database refuses. There is one for a key:
// what is refused later is merged into it, so that a learner whose every
// heartbeat is refused takes no more space than one whose first was.
type DeadLetter = spool.DeadLetter

// DeadLetterReason is why a record was set aside; it holds no data.
type DeadLetterReason = spool.DeadLetterReason
