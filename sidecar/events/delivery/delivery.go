// Package delivery has the words in which sending events and the database with the outbox
// talk: what an event is, where a lane stands, and who has it. It does no I/O.
package delivery

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Lanes are the parts that the events of a receiver are sent in, each by one sidecar and in
// the order of the outbox. The events of a learner are all in one.
const Lanes = 4

// ErrOtherServer says that the database is another server than before, after a failover, or
// the same after a crash. It may lack what it had, and use numbers of transactions again:
// sending goes on where that server says that the lanes stand.
var ErrOtherServer = errors.New("the database is another server than before, or began anew")

// Position of an event in the outbox. The zero Position is before all events.
type Position struct {
	// Transaction that wrote it, and its number there.
	Transaction uint64
	Number      int32
	ID          uuid.UUID
}

// Event of the outbox.
type Event struct {
	Position
	Type string
	// Learner is whose it is; only the order of events goes by it.
	Learner string
	At      time.Time
	Data    json.RawMessage
}

// Receiver is whom events are sent to.
type Receiver struct {
	// Name by which the database knows how far sending has come. It stays the same when
	// the address changes.
	Name string
	// Terms tell one address, with what belongs to it, from another.
	Terms string
	// Types of events that are sent, nil for all.
	Types []string
}

// Lane that a process has.
type Lane struct {
	Number int
	// Cursor is the last event that is dealt with.
	Cursor Position
	// Refused is the event behind it that was refused while others were taken, Refusals
	// how often.
	Refused  uuid.UUID
	Refusals int
}

// View is how the lanes of a receiver stand.
type View struct {
	// Database and Target name what the events are of.
	Database, Target string
	// Taken lanes were free and are this process' from now on.
	Taken []Lane
	// Standing lanes are nobody's.
	Standing int
	// Stopped says that the receiver wants nothing more on these terms.
	Stopped bool
	// Oldest is the age of the oldest event that is not dealt with, zero if there is none.
	Oldest time.Duration
	// SetAside are dead letters.
	SetAside int64
}

// Page of a lane's events.
type Page struct {
	Events []Event
	// Reached is where the lane stands when Events are dealt with: that of the last, or
	// further where what follows is not for this lane.
	Reached Position
	// More says that there are more events than were looked at.
	More bool
}

// SetAside is what becomes of an event that the receiver refused while it took others.
type SetAside struct {
	Event    Event
	Reason   string
	Status   int
	Attempts int
}

// Compare orders positions as the outbox does.
func (p Position) Compare(o Position) int {
	return cmp.Or(cmp.Compare(p.Transaction, o.Transaction), cmp.Compare(p.Number, o.Number), bytes.Compare(p.ID[:], o.ID[:]))
}
