package config

import (
	"reflect"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Durability says when an update is acknowledged.
type Durability string

const (
	// DurabilitySync answers after the update is on disk (fsync).
	DurabilitySync Durability = "Sync"
	// DurabilityAsync answers before; the disk follows within 100 ms. A crash of
	// the node or of the sidecar can lose what was acknowledged in between.
	DurabilityAsync Durability = "Async"
)

// Migrations says who creates and upgrades the tables.
type Migrations string

const (
	// MigrationsAuto lets the sidecar apply the embedded migrations.
	MigrationsAuto Migrations = "Auto"
	// MigrationsManual makes the sidecar wait until someone has applied them.
	MigrationsManual Migrations = "Manual"
)

// Config is the content of the configuration file. Every field has a default,
// so that an empty object is a complete configuration.
type Config struct {
	Policy   Policy   `json:"policy"`
	Sync     Sync     `json:"sync"`
	Retry    Retry    `json:"retry"`
	Buffer   Buffer   `json:"buffer"`
	Database Database `json:"database"`
	Ingest   Ingest   `json:"ingest"`
	Peers    Peers    `json:"peers"`
	Variants Variants `json:"variants,omitzero"`
	Events   Events   `json:"events,omitzero"`
	Logging  Logging  `json:"logging"`
}

// Policy names the ProgressSyncPolicy that the file was written from.
type Policy struct {
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name,omitempty"`
	Generation int64  `json:"generation,omitempty"`
	// CreatedAt tells apart policies that had the name one after the other, whose
	// generations begin anew. Zero if the file does not say.
	CreatedAt time.Time `json:"createdAt,omitzero"`
}

// Sync says when and in what portions records are written. Interval, QuietPeriod
// and FlushOnComplete are those of the default class.
type Sync struct {
	// Interval from a key's first unsynced change to its write; 1s to 24h.
	Interval Duration `json:"interval"`
	// QuietPeriod, if set, writes a key early once it has not changed for so
	// long.
	QuietPeriod QuietPeriod `json:"quietPeriod,omitzero"`
	// LeaveGrace is how long a record waits whose learner leaves, for more of the
	// same; 1s to Interval, or 0 to take no notice of it. The default is allowed
	// with a shorter Interval too, which comes first then.
	LeaveGrace Duration `json:"leaveGrace"`
	// MinSyncWithin is the shortest syncWithin of an update that counts, and the
	// shortest time between two writes of a record that clients asked for; 1s to
	// Interval, or the default as with LeaveGrace.
	MinSyncWithin Duration `json:"minSyncWithin"`
	// Classes have settings of their own for some lessons; the first that matches
	// counts. 8 at most.
	Classes []Class `json:"classes,omitempty"`
	// Adaptive stretches and shortens all intervals by what the database bears.
	Adaptive Adaptive `json:"adaptive,omitzero"`
	// BatchSize is the number of records a transaction; 1 to 1000.
	BatchSize int `json:"batchSize"`
	// FlushOnComplete writes a key at once when it becomes completed.
	FlushOnComplete bool `json:"flushOnComplete"`
	// CompletionThresholdPercent completes a lesson; 1 to 100.
	CompletionThresholdPercent float64 `json:"completionThresholdPercent"`
	// CompletionBy says of what, empty for Percentage.
	CompletionBy CompletionBy `json:"completionBy,omitempty"`
}

// CompletionBy is what completes a lesson, beside an update that says so.
type CompletionBy string

// What may complete a lesson.
const (
	// CompletionByPercentage is the percentage that was reported, or follows from the position.
	CompletionByPercentage CompletionBy = "Percentage"
	// CompletionByWatched is how much of the lesson was seen, by watchedSegments.
	CompletionByWatched CompletionBy = "Watched"
)

// Completion is what completes a lesson.
func (s Sync) Completion() progress.Completion {
	return progress.Completion{Threshold: s.CompletionThresholdPercent, ByWatched: s.CompletionBy == CompletionByWatched}
}

// Retry says how a failed write is tried again before it is parked.
type Retry struct {
	// MaxRetries after the first attempt; 0 to 20.
	MaxRetries int `json:"maxRetries"`
	// InitialDelay before the first retry, doubled for each further one;
	// 100ms to MaxDelay.
	InitialDelay Duration `json:"initialDelay"`
	// MaxDelay caps the delay, and the pause between probes while parked;
	// up to 1h.
	MaxDelay Duration `json:"maxDelay"`
}

// Buffer bounds what is kept until it is in the database.
type Buffer struct {
	Durability Durability `json:"durability"`
	// MaxPendingRecords is the number of keys that may wait; 100 to 10000000.
	MaxPendingRecords int `json:"maxPendingRecords"`
	// SizeLimitBytes is the size of the spool volume; 64 MiB or more.
	SizeLimitBytes int64 `json:"sizeLimitBytes"`
	// ReplayWindow is how long written batches are kept, to be applied again
	// to a database that fell back behind them; 0 to 24h.
	ReplayWindow Duration `json:"replayWindow"`
	// EventIDs bounds which repeated event ids are recognized.
	EventIDs EventIDs `json:"eventIds"`
}

// EventIDs is the memory of the event ids that were accepted.
type EventIDs struct {
	// MaxCount ids are remembered, about 40 bytes of memory each; 0, for none,
	// to 1000000.
	MaxCount int `json:"maxCount"`
	// MaxAge of an id that is remembered; 0, for as long as MaxCount allows, to
	// 720h.
	MaxAge Duration `json:"maxAge"`
}

// Database says how the sidecar uses Postgres. Where it is and who may use it
// is in the mounted Secret.
type Database struct {
	// MaxConnections of one sidecar; 1 to 10.
	MaxConnections int        `json:"maxConnections"`
	Migrations     Migrations `json:"migrations"`
	// ExecMode is pgx's query mode. The default works with PgBouncer 1.21 and
	// later in transaction mode; "exec" works with any.
	ExecMode ExecMode `json:"execMode,omitempty"`
	// ReadTimeout bounds an optimistic read; 10ms to 1m.
	ReadTimeout Duration `json:"readTimeout"`
	// StatementTimeout bounds one write in the database; 100ms to 10m.
	StatementTimeout Duration `json:"statementTimeout"`
	// ActivityDaily says whether what learners did is added up by the day.
	ActivityDaily bool `json:"activityDaily,omitempty"`
	// Mapping, if set, names an existing table to write to.
	Mapping *Mapping `json:"mapping,omitempty"`
}

// ExecMode is how queries are sent, a name of pgx's QueryExecMode.
type ExecMode string

const (
	ExecModeCacheStatement ExecMode = "cache_statement"
	ExecModeCacheDescribe  ExecMode = "cache_describe"
	ExecModeExec           ExecMode = "exec"
)

// Ingest caps one request of the local API, and says whom it may speak for.
type Ingest struct {
	// MaxBodyBytes of a request; 1 KiB to 64 MiB.
	MaxBodyBytes int64 `json:"maxBodyBytes"`
	// MaxItems of an array or NDJSON body; 1 to 100000.
	MaxItems int `json:"maxItems"`
	// MaxConcurrent requests; further ones get 503. 1 to 100000.
	MaxConcurrent int `json:"maxConcurrent"`
	// UserHeader, if set, names the header in which the LMS's proxy puts the
	// learner of its session. Requests speak for no other learner then.
	UserHeader string `json:"userHeader,omitempty"`
	// Standards are those in whose forms events are taken too; none if empty.
	Standards []Standard `json:"standards,omitempty"`
	// IRIPrefixes are cut from the IRIs that these have for learners, courses and
	// lessons; 16 at most, of up to 255 characters.
	IRIPrefixes []string `json:"iriPrefixes,omitempty"`
}

// Standard is one of the field's standards for telling of learning.
type Standard string

const (
	// StandardXAPI is xAPI, 1.0.3 and 2.0, with cmi5 and the video profile.
	StandardXAPI Standard = "xAPI"
	// StandardCaliper is Caliper Analytics, 1.1 and 1.2.
	StandardCaliper Standard = "Caliper"
)

// PeersMode says whether sidecars hand on to each other.
type PeersMode string

const (
	// PeersAuto gives each learner one home among the sidecars of a database.
	PeersAuto PeersMode = "Auto"
	// PeersOff lets the sidecar keep and write what its own pod gets.
	PeersOff PeersMode = "Off"
)

// Peers are the other sidecars of the database. Where this one listens for them
// is no part of the configuration, since a pod has one port for its whole life:
// see PeersAddress.
type Peers struct {
	Mode PeersMode `json:"mode"`
}

// Logging of the sidecar.
type Logging struct {
	Level LogLevel `json:"level"`
}

// LogLevel is how much the sidecar logs.
type LogLevel string

const (
	LogInfo  LogLevel = "info"
	LogDebug LogLevel = "debug"
)

// Equal reports whether two configurations say the same.
func (c Config) Equal(o Config) bool {
	same := c.Database.Mapping.Equal(o.Database.Mapping) && c.Policy.CreatedAt.Equal(o.Policy.CreatedAt)
	c.Database.Mapping, o.Database.Mapping = nil, nil
	c.Policy.CreatedAt, o.Policy.CreatedAt = time.Time{}, time.Time{} // one moment can be written in several ways
	return same && reflect.DeepEqual(c, o)
}

// Default is the configuration of an empty object.
func Default() Config {
	return Config{
		Sync: Sync{
			Interval:                   Duration(3 * time.Minute),
			LeaveGrace:                 defaultLeaveGrace,
			MinSyncWithin:              defaultMinSyncWithin,
			BatchSize:                  10,
			FlushOnComplete:            true,
			CompletionThresholdPercent: 95,
		},
		Retry: Retry{
			MaxRetries:   3,
			InitialDelay: Duration(5 * time.Second),
			MaxDelay:     Duration(time.Minute),
		},
		Buffer: Buffer{
			Durability:        DurabilitySync,
			MaxPendingRecords: 100_000,
			SizeLimitBytes:    1 << 30,
			ReplayWindow:      Duration(10 * time.Minute),
			EventIDs:          EventIDs{MaxCount: 100_000, MaxAge: Duration(24 * time.Hour)},
		},
		Database: Database{
			MaxConnections:   2,
			Migrations:       MigrationsAuto,
			ExecMode:         ExecModeCacheStatement,
			ReadTimeout:      Duration(time.Second),
			StatementTimeout: Duration(30 * time.Second),
		},
		Ingest: Ingest{
			MaxBodyBytes:  1 << 20,
			MaxItems:      1000,
			MaxConcurrent: 1024,
		},
		Peers:   Peers{Mode: PeersAuto},
		Events:  Events{RetentionDays: defaultRetentionDays},
		Logging: Logging{Level: LogInfo},
	}
}
