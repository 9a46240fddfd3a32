package status

import "time"

// Webhook is how sending events goes, as far as one sidecar knows.
type Webhook struct {
	// Held lanes are those whose events this sidecar sends, Standing those whose events
	// nobody sends, of WebhookLanes.
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
	Failure *WebhookFailure `json:"failure,omitempty"`
}

// WebhookFailure is why events are not delivered.
type WebhookFailure struct {
	// Reason is one of those below.
	Reason string `json:"reason"`
	// Status is what the receiver last answered, zero if it did not.
	Status int       `json:"status,omitempty"`
	Since  time.Time `json:"since"`
}

// WebhookLanes is how many parts the events are sent in, each in its order.
const WebhookLanes = 4

// Why events are not delivered.
const (
	// WebhookGone: the receiver answered 410, and is sent nothing until the webhook changes.
	WebhookGone = "gone"
	// WebhookNoSecret, WebhookBadSecret: there is nothing to sign with.
	WebhookNoSecret  = "no_secret"
	WebhookBadSecret = "bad_secret"
	// WebhookUnreachable: no connection, or no answer in time.
	WebhookUnreachable = "unreachable"
	// WebhookRefused: the receiver answers something else than 2xx.
	WebhookRefused = "refused"
	// WebhookNoOutbox: the tables are missing, or the role may not use them.
	WebhookNoOutbox = "no_outbox"
	// WebhookNoDatabase: the database does not answer.
	WebhookNoDatabase = "no_database"
)
