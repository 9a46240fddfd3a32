package config

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// field is one setting of the file: where it stands, where its value goes, and
// what is allowed there, in words and as a check.
type field struct {
	section, name string
	target        any // pointer to the field of the Config that is being read
	allowed       string
	valid         func() bool
}

// parts is the target of a field whose value is made of fields of their own.
type parts struct{ value any }

// MarshalJSON is that of the value.
func (p parts) MarshalJSON() ([]byte, error) { return json.Marshal(p.value) }

// whole says that the field's value is read as one, with all that is in it.
func (f field) whole() bool {
	_, apart := f.target.(parts)
	return !apart
}

func (f field) path() string { return f.section + "." + f.name }

// mistake says what is wrong with the field and what would be right.
func (f field) mistake(value []byte) string {
	const longest = 60
	if len(value) > longest {
		value = append(append([]byte{}, value[:longest]...), "…"...)
	}
	return fmt.Sprintf("%s is %s; allowed: %s", f.path(), value, f.allowed)
}

// fields lists every setting of c, those of its lists by the elements that c has.
func fields(c *Config) []field {
	return slices.Concat(sectionFields(c), adaptiveFields(c), classFields(c), variantFields(c), eventFields(c))
}

// sectionFields are the settings that every configuration has.
func sectionFields(c *Config) []field {
	return []field{
		{"policy", "namespace", &c.Policy.Namespace, "a string", always},
		{"policy", "name", &c.Policy.Name, "a string", always},
		{"policy", "generation", &c.Policy.Generation, "an integer of 0 or more",
			atLeast(&c.Policy.Generation, 0)},
		{"policy", "createdAt", &c.Policy.CreatedAt, "a time such as 2026-01-02T15:04:05Z", always},

		{"sync", "interval", &c.Sync.Interval, "a duration from 1s to 24h",
			within(&c.Sync.Interval, time.Second, 24*time.Hour)},
		{"sync", "quietPeriod", &c.Sync.QuietPeriod, `"Auto", 0s, or a duration from 1s to sync.interval`, func() bool {
			return quietWithin(c.Sync.QuietPeriod, c.Sync.Interval)
		}},
		{"sync", "leaveGrace", &c.Sync.LeaveGrace, "0s, or a duration from 1s to sync.interval", func() bool {
			d := c.Sync.LeaveGrace
			return d == 0 || d == defaultLeaveGrace || d.D() >= time.Second && d <= c.Sync.Interval
		}},
		{"sync", "minSyncWithin", &c.Sync.MinSyncWithin, "a duration from 1s to sync.interval", func() bool {
			d := c.Sync.MinSyncWithin
			return d == defaultMinSyncWithin || d.D() >= time.Second && d <= c.Sync.Interval
		}},
		{"sync", "batchSize", &c.Sync.BatchSize, "an integer from 1 to 1000",
			between(&c.Sync.BatchSize, 1, 1000)},
		{"sync", "flushOnComplete", &c.Sync.FlushOnComplete, "true or false", always},
		{"sync", "completionThresholdPercent", &c.Sync.CompletionThresholdPercent, "a number from 1 to 100", func() bool {
			p := c.Sync.CompletionThresholdPercent
			return !math.IsNaN(p) && p >= 1 && p <= 100
		}},
		{"sync", "completionBy", &c.Sync.CompletionBy, `"Percentage" or "Watched"`,
			oneOf(&c.Sync.CompletionBy, "", CompletionByPercentage, CompletionByWatched)},

		{"retry", "maxRetries", &c.Retry.MaxRetries, "an integer from 0 to 20",
			between(&c.Retry.MaxRetries, 0, 20)},
		{"retry", "initialDelay", &c.Retry.InitialDelay, "a duration from 100ms to retry.maxDelay", func() bool {
			d := c.Retry.InitialDelay
			return d.D() >= 100*time.Millisecond && d <= c.Retry.MaxDelay
		}},
		{"retry", "maxDelay", &c.Retry.MaxDelay, "a duration from 100ms to 1h",
			within(&c.Retry.MaxDelay, 100*time.Millisecond, time.Hour)},

		{"buffer", "durability", &c.Buffer.Durability, `"Sync" or "Async"`,
			oneOf(&c.Buffer.Durability, DurabilitySync, DurabilityAsync)},
		{"buffer", "maxPendingRecords", &c.Buffer.MaxPendingRecords, "an integer from 100 to 10000000",
			between(&c.Buffer.MaxPendingRecords, 100, 10_000_000)},
		{"buffer", "sizeLimitBytes", &c.Buffer.SizeLimitBytes, "an integer of 67108864 (64 MiB) or more",
			atLeast(&c.Buffer.SizeLimitBytes, 64<<20)},
		{"buffer", "replayWindow", &c.Buffer.ReplayWindow, "a duration from 0s to 24h",
			within(&c.Buffer.ReplayWindow, 0, 24*time.Hour)},
		{"buffer", "eventIds", &c.Buffer.EventIDs,
			"an object of maxCount, an integer from 0 to 1000000, and maxAge, a duration from 0s to 720h", func() bool {
				e := c.Buffer.EventIDs
				return e.MaxCount >= 0 && e.MaxCount <= 1_000_000 && e.MaxAge >= 0 && e.MaxAge.D() <= 720*time.Hour
			}},

		{"database", "maxConnections", &c.Database.MaxConnections, "an integer from 1 to 10",
			between(&c.Database.MaxConnections, 1, 10)},
		{"database", "migrations", &c.Database.Migrations, `"Auto" or "Manual"`,
			oneOf(&c.Database.Migrations, MigrationsAuto, MigrationsManual)},
		{"database", "execMode", &c.Database.ExecMode, `"cache_statement", "cache_describe" or "exec"`,
			oneOf(&c.Database.ExecMode, ExecModeCacheStatement, ExecModeCacheDescribe, ExecModeExec)},
		{"database", "readTimeout", &c.Database.ReadTimeout, "a duration from 10ms to 1m",
			within(&c.Database.ReadTimeout, 10*time.Millisecond, time.Minute)},
		{"database", "statementTimeout", &c.Database.StatementTimeout, "a duration from 100ms to 10m",
			within(&c.Database.StatementTimeout, 100*time.Millisecond, 10*time.Minute)},
		{"database", "activityDaily", &c.Database.ActivityDaily, "true or false", always},
		{"database", "mapping", &c.Database.Mapping,
			"an object of schema, table, keyColumns, columns, scale, fixed and eventMark, with names and values as strings", always},

		{"ingest", "maxBodyBytes", &c.Ingest.MaxBodyBytes, "an integer from 1024 (1 KiB) to 67108864 (64 MiB)", func() bool {
			return c.Ingest.MaxBodyBytes >= 1<<10 && c.Ingest.MaxBodyBytes <= 64<<20
		}},
		{"ingest", "maxItems", &c.Ingest.MaxItems, "an integer from 1 to 100000",
			between(&c.Ingest.MaxItems, 1, 100_000)},
		{"ingest", "maxConcurrent", &c.Ingest.MaxConcurrent, "an integer from 1 to 100000",
			between(&c.Ingest.MaxConcurrent, 1, 100_000)},
		{"ingest", "userHeader", &c.Ingest.UserHeader,
			`"", or a header name of 1 to 64 characters that neither HTTP nor a browser uses, such as "X-Progress-User"`,
			func() bool { return c.Ingest.UserHeader == "" || isUserHeader(c.Ingest.UserHeader) }},
		{"ingest", "standards", &c.Ingest.Standards, `an array of "xAPI" and "Caliper", each once at most`,
			func() bool { return areStandards(c.Ingest.Standards) }},
		{"ingest", "iriPrefixes", &c.Ingest.IRIPrefixes, "an array of up to 16 different strings of 1 to 255 characters",
			func() bool { return arePrefixes(c.Ingest.IRIPrefixes) }},

		{"peers", "mode", &c.Peers.Mode, `"Auto" or "Off"`,
			oneOf(&c.Peers.Mode, PeersAuto, PeersOff)},

		{"logging", "level", &c.Logging.Level, `"info" or "debug"`,
			oneOf(&c.Logging.Level, LogInfo, LogDebug)},
	}
}

func always() bool { return true }

func atLeast(v *int64, low int64) func() bool {
	return func() bool { return *v >= low }
}

func between(v *int, low, high int) func() bool {
	return func() bool { return *v >= low && *v <= high }
}

func within(v *Duration, low, high time.Duration) func() bool {
	return func() bool { return v.D() >= low && v.D() <= high }
}

func oneOf[T comparable](v *T, allowed ...T) func() bool {
	return func() bool { return slices.Contains(allowed, *v) }
}

// Validate checks every setting and names all that are out of range.
func (c Config) Validate() error {
	var mistakes []string
	for _, f := range fields(&c) {
		if !f.valid() {
			mistakes = append(mistakes, f.mistake(valueOf(f.target)))
		}
	}
	return joined(append(mistakes, c.Database.Mapping.mistakes()...))
}

// valueOf renders what a target holds, for a mistake.
func valueOf(target any) []byte {
	text, err := json.Marshal(target)
	if err != nil { // a number that JSON cannot express
		return []byte(err.Error())
	}
	return text
}
