// Package status is the document that a sidecar serves at /v1/status and the
// operator collects. It holds counters, ages and classes of errors, nothing of
// a learner and nothing of a connection string.
package status

import "time"

// Document is the state of one sidecar. Counters count since the process
// started; ages are in seconds.
type Document struct {
	// Version of the sidecar's program.
	Version string `json:"version"`
	// Policy that the running configuration was written from.
	PolicyNamespace  string `json:"policyNamespace,omitempty"`
	PolicyName       string `json:"policyName,omitempty"`
	PolicyGeneration int64  `json:"policyGeneration"`
	// PolicyCreatedAt tells apart policies that had the name one after the other.
	PolicyCreatedAt time.Time `json:"policyCreatedAt,omitzero"`
	// UnknownSettings of the configuration in use, such as sync.interval, are
	// those that this program does not know and so does not obey. It is null in
	// the document of a program that cannot tell.
	UnknownSettings []string `json:"unknownSettings"`
	// ConfigSource is where the configuration in use comes from: the file, the one
	// that the sidecar kept, the injected one (of the moment when the pod was
	// injected), or the defaults. Only with file does a change of the policy reach
	// the sidecar as it should. Empty in the document of a program that does not tell.
	ConfigSource string `json:"configSource,omitempty"`
	// ConfigError says why the configuration file, if there is one, is not in use
	// though it should be, and what to do.
	ConfigError string `json:"configError,omitempty"`
	// Accepting is false when new updates are refused; Refusal says why.
	Accepting bool      `json:"accepting"`
	Refusal   string    `json:"refusal,omitempty"`
	StartedAt time.Time `json:"startedAt"`

	Sync Sync `json:"sync"`
	// Classes and Variants say how the records of each fare; the latter are empty
	// without variants. They are null in the document of a program that has none.
	Classes     []Class     `json:"classes,omitempty"`
	Variants    []Variant   `json:"variants,omitempty"`
	Adaptive    *Adaptive   `json:"adaptive,omitempty"`
	Counters    Counters    `json:"counters"`
	Database    Database    `json:"database"`
	Spool       Spool       `json:"spool"`
	DeadLetters DeadLetters `json:"deadLetters"`
	Erasures    Erasures    `json:"erasures"`
	// Peers are null in the document of a program that has none.
	Peers *Peers `json:"peers,omitempty"`
	// Webhook is null while the configuration has none, and in the document of a program
	// that knows none.
	Webhook *Sending `json:"webhook,omitempty"`
	// XAPI is the same of the LRS.
	XAPI *Sending `json:"xapi,omitempty"`
}

// State is what the sync of a sidecar is doing.
type State string

const (
	StateSynced   State = "synced"
	StatePending  State = "pending"
	StateSyncing  State = "syncing"
	StateRetrying State = "retrying"
	StateParked   State = "parked"
	StateOffline  State = "offline"
	StateError    State = "error"
)

// Sync is the state of writing.
type Sync struct {
	State State `json:"state"`
	// PendingRecords wait for their window to end; InFlightRecords are frozen
	// in batches that are not confirmed yet.
	PendingRecords  int64 `json:"pendingRecords"`
	InFlightRecords int64 `json:"inFlightRecords"`
	// PendingUpdates were accepted and are not saved yet.
	PendingUpdates int64 `json:"pendingUpdates"`
	// OldestPendingSeconds is the age of the oldest update that is accepted
	// and not saved, zero if there is none.
	OldestPendingSeconds float64 `json:"oldestPendingSeconds"`
	// OverdueSeconds is by how much longer than its class explains the record waits
	// that is late by most, zero if none is late.
	OverdueSeconds float64    `json:"overdueSeconds"`
	LastSyncedAt   *time.Time `json:"lastSyncedAt,omitempty"`
	NextSyncAt     *time.Time `json:"nextSyncAt,omitempty"`
	RetryCount     int        `json:"retryCount"`
	Parked         bool       `json:"parked"`
	Error          *Error     `json:"error,omitempty"`
}

// Error is the reason why records are not written, in words that hold no data.
type Error struct {
	// Kind is the caller's view: network, server, validation or rate_limit.
	Kind string `json:"kind"`
	// Class is what the sidecar decides by, such as Unreachable.
	Class    string `json:"class"`
	SQLState string `json:"sqlState,omitempty"`
	// Message says what is wrong and what to do next.
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

// Counters since the start of the process.
type Counters struct {
	UpdatesAccepted int64 `json:"updatesAccepted"`
	UpdatesRejected int64 `json:"updatesRejected"`
	RowsWritten     int64 `json:"rowsWritten"`
	// BatchesApplied is the number of transactions that wrote rows.
	BatchesApplied  int64 `json:"batchesApplied"`
	BatchesReplayed int64 `json:"batchesReplayed"`
	Retries         int64 `json:"retries"`
	// Attempts to write, of which FailedAttempts failed, also where the connection or
	// the ledger was already out of reach; one that is repeated counts again. An attempt
	// writes one batch or several.
	Attempts       int64 `json:"attempts"`
	FailedAttempts int64 `json:"failedAttempts"`
	// RecordsSaved in BatchesApplied batches.
	RecordsSaved int64 `json:"recordsSaved"`
}

// Database is the connection to Postgres.
type Database struct {
	// Reachable is nil until it was tried.
	Reachable *bool      `json:"reachable,omitempty"`
	Since     *time.Time `json:"since,omitempty"`
	// Local says that the Secret names a host on the pod's loopback: a proxy of
	// the pod's own is between the sidecar and Postgres.
	Local bool `json:"local,omitempty"`
}

// Spool is the sidecar's disk.
type Spool struct {
	Bytes      int64 `json:"bytes"`
	LimitBytes int64 `json:"limitBytes"`
}

// DeadLetters are records that the database refused.
type DeadLetters struct {
	Count int64 `json:"count"`
}

// Erasures are learners who are erased from the spool.
type Erasures struct {
	// Pending are still to be erased from the database.
	Pending int64 `json:"pending"`
	// Failed were refused by the database when they were last tried, though it
	// could be used. Some of them may have been done before, and are repeated
	// because a failover may have undone them.
	Failed int64 `json:"failed"`
	// Error is why it last refused one.
	Error *ErasureError `json:"error,omitempty"`
}

// ErasureError is why the database refuses an erasure, in words that hold no
// data.
type ErasureError struct {
	Kind     string `json:"kind"`
	Class    string `json:"class"`
	SQLState string `json:"sqlState,omitempty"`
	// Message says what is wrong and what to do next.
	Message string `json:"message"`
}
