package run

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// hurriedInterval is the most that anything waits once the pod is being deleted.
const hurriedInterval = time.Second

// gather is how long a completed lesson waits for company. With the write it is
// in Postgres within 150 ms.
const gather = 75 * time.Millisecond

// bufferPolicy is the part of the configuration that the buffer follows. memory is
// what Go may use, in bytes; 0 and math.MaxInt64 are any amount.
func bufferPolicy(c config.Config, memory int64, hurry bool) buffer.Policy {
	most := time.Duration(0)
	if hurry {
		most = hurriedInterval
	}
	return buffer.Policy{
		Terms:               timing.New(c, most),
		Gather:              gather,
		CompletionThreshold: c.Sync.CompletionThresholdPercent,
		CompletionByWatched: c.Sync.Completion().ByWatched,
		Departures:          c.Events.Departures(),
		Async:               c.Buffer.Durability == config.DurabilityAsync,
		MaxPendingRecords:   c.Buffer.MaxPendingRecords,
		SizeLimitBytes:      c.Buffer.SizeLimitBytes,
		MemoryBytes:         memory,
		ReplayWindow:        c.Buffer.ReplayWindow.D(),
		EventIDs:            buffer.EventIDs{MaxCount: c.Buffer.EventIDs.MaxCount, MaxAge: c.Buffer.EventIDs.MaxAge.D()},
	}
}

// databaseOptions is the part of the configuration that the database follows.
func databaseOptions(c config.Config, uri func() (string, error)) postgres.Options {
	return postgres.Options{
		URI:               uri,
		MaxConnections:    c.Database.MaxConnections,
		ExecMode:          c.Database.ExecMode,
		Migrations:        c.Database.Migrations,
		Mapping:           c.Database.Mapping,
		Events:            c.Events.Enabled,
		Departures:        c.Events.Departures(),
		StatementTimeout:  c.Database.StatementTimeout.D(),
		ReadTimeout:       c.Database.ReadTimeout.D(),
		ActivityDaily:     c.Database.ActivityDaily,
		WatchedToComplete: c.Sync.Completion().WatchedThreshold(),
	}
}
