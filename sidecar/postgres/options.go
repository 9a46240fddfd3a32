package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

const (
	// defaultConnectTimeout is what writes allow for making a connection.
	defaultConnectTimeout = 5 * time.Second
	// pingTimeout bounds the check of a connection that was idle.
	pingTimeout = 2 * time.Second
	// maxConnectionIdle closes connections that are not needed between two
	// flushes; pods multiply.
	maxConnectionIdle = 5 * time.Minute
	// maxConnectionLife makes rotated credentials and moved hosts take effect
	// even if nobody calls Reload.
	maxConnectionLife = 30 * time.Minute
	// closePatience bounds the wait for connections at the end.
	closePatience = 2 * time.Second

	defaultApplicationName = "progress-sync"
)

// Options say how to use the database. Zero fields mean the defaults of the
// configuration file.
type Options struct {
	// URI returns the connection string, as package connstring reads it. It is
	// asked for every new connection, so it should read the mounted file; an
	// error that is fs.ErrNotExist means that there is no Secret yet.
	URI func() (string, error)
	// MaxConnections open at a time, 1 to 10.
	MaxConnections int
	ExecMode       config.ExecMode
	Migrations     config.Migrations
	// StatementTimeout bounds one write in the database.
	StatementTimeout time.Duration
	// ReadTimeout bounds a read as a whole, with the wait for a connection.
	ReadTimeout time.Duration
	// Mapping, if set, names an existing table to use instead of ours.
	Mapping *config.Mapping
	// Events says whether what is completed, reset or erased has events.
	Events bool
	// Departures says whether who left has an event too, where there are events.
	Departures bool
	// WatchedToComplete is the percentage of a lesson that has to be seen to complete it,
	// 0 where lessons are not completed so.
	WatchedToComplete float64
	// ActivityDaily says whether what learners did is added to their days, where the schema
	// has a table for that and the role may write to it.
	ActivityDaily bool
	// ApplicationName shows in pg_stat_activity, unless the URI has one.
	ApplicationName string
}

func (o Options) withDefaults() Options {
	d := config.Default().Database
	if o.MaxConnections < 1 {
		o.MaxConnections = d.MaxConnections
	}
	if o.ExecMode == "" {
		o.ExecMode = d.ExecMode
	}
	if o.Migrations == "" {
		o.Migrations = d.Migrations
	}
	if o.StatementTimeout <= 0 {
		o.StatementTimeout = d.StatementTimeout.D()
	}
	if o.ReadTimeout <= 0 {
		o.ReadTimeout = d.ReadTimeout.D()
	}
	if o.ApplicationName == "" {
		o.ApplicationName = defaultApplicationName
	}
	return o
}

// tells reports whether there are events: they are asked for, and the table can have them.
func (o Options) tells() bool { return o.Events && canTell(o.Mapping) }

// needsNewPool reports whether connections made under o don't fit next.
func (o Options) needsNewPool(next Options) bool {
	return o.MaxConnections != next.MaxConnections || o.ExecMode != next.ExecMode ||
		o.ApplicationName != next.ApplicationName
}

func (o Options) queryExecMode() pgx.QueryExecMode {
	switch o.ExecMode {
	case config.ExecModeExec:
		return pgx.QueryExecModeExec
	case config.ExecModeCacheDescribe:
		return pgx.QueryExecModeCacheDescribe
	default:
		return pgx.QueryExecModeCacheStatement
	}
}
