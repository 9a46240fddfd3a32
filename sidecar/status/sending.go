package status

import "time"

// Sending is how sending events to one receiver goes, as far as one sidecar knows.
type Sending struct {
	// Held lanes are those whose events this sidecar sends, Standing those whose events
	// nobody sends, of SendingLanes.
	Held     int `json:"held"`
	Standing int `json:"standing"`
	// StandingSince is when this sidecar first saw one standing, without a break.
	StandingSince *time.Time `json:"standingSince,omitempty"`
	// OldestSeconds is the age of the oldest event that is neither delivered nor set aside,
	// of all lanes, as the database last told; zero if there is none.
	OldestSeconds float64 `json:"oldestSeconds"`
	// SetAside are events in the database that the receiver refused while it took
	// others.
	SetAside int64 `json:"setAside"`
	// Delivered and Attempts count since the process started: events, and requests.
	Delivered int64 `json:"delivered"`
	Attempts  int64 `json:"attempts"`
	// Failure is why events that this sidecar should send are not delivered, or why it
	// can't send any. It is null while nothing is wrong.
	Failure *SendingFailure `json:"failure,omitempty"`
}

// SendingFailure is why events are not delivered.
type SendingFailure struct {
	// Reason is one of those below.
	Reason string `json:"reason"`
	// Status is what the receiver last answered, zero if it did not.
	Status int       `json:"status,omitempty"`
	Since  time.Time `json:"since"`
}

// SendingLanes is how many parts the events are sent in, each in its order.
const SendingLanes = 4

// Why events are not delivered.
const (
	// SendingGone: the receiver answered 410, and is sent nothing until it is another one.
	SendingGone = "gone"
	// SendingNoSecret, SendingBadSecret: there is nothing for the receiver to know us by.
	SendingNoSecret  = "no_secret"
	SendingBadSecret = "bad_secret"
	// SendingUnreachable: no connection, or no answer in time.
	SendingUnreachable = "unreachable"
	// SendingRefused: the receiver answers something else than 2xx.
	SendingRefused = "refused"
	// SendingDenied: the receiver takes nothing from whoever has this secret.
	SendingDenied = "denied"
	// SendingNoOutbox: the tables are missing, or the role may not use them.
	SendingNoOutbox = "no_outbox"
	// SendingNoDatabase: the database does not answer.
	SendingNoDatabase = "no_database"
)
