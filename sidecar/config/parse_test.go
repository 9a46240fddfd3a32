package config_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestParse(t *testing.T) {
	interval := config.Default()
	interval.Sync.Interval = config.Duration(45 * time.Second)
	events := config.Default()
	events.Buffer.EventIDs.MaxCount = 5
	policy := config.Default()
	policy.Policy = config.Policy{Namespace: "campus", Name: "lms", Generation: 7}
	for name, c := range map[string]struct {
		file string
		want config.Config
	}{
		"an empty file is the defaults":            {"", config.Default()},
		"an empty object is the defaults":          {"{}", config.Default()},
		"null keeps the default":                   {`{"sync":{"interval":null},"retry":null}`, config.Default()},
		"unknown fields and sections are ignored":  {`{"sync":{"later":1},"web":{"x":[]}}`, config.Default()},
		"a field that is given replaces a default": {`{"sync":{"interval":"45s"}}`, interval},
		"a part of an object keeps the rest":       {`{"buffer":{"eventIds":{"maxCount":5}}}`, events},
		"the policy's name is kept":                {`{"policy":{"namespace":"campus","name":"lms","generation":7}}`, policy},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.Parse([]byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("unexpected configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesEveryMistake(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"no JSON":              {`{"sync":`, []string{"one JSON object"}},
		"an array":             {`[]`, []string{"one JSON object"}},
		"a section's type":     {`{"sync":[]}`, []string{"sync must be a JSON object"}},
		"interval of zero":     {`{"sync":{"interval":"0s"}}`, []string{`sync.interval is "0s"; allowed: a duration from 1s to 24h`}},
		"interval as a number": {`{"sync":{"interval":180}}`, []string{`sync.interval is 180; allowed: a duration from 1s to 24h`}},
		"quiet period longer than the interval": {`{"sync":{"interval":"1m","quietPeriod":"2m"}}`,
			[]string{`sync.quietPeriod is "2m"; allowed: \"Auto\", 0s, or a duration from 1s to sync.interval`}},
		"batch size too large": {`{"sync":{"batchSize":5000}}`, []string{"sync.batchSize is 5000; allowed: an integer from 1 to 1000"}},
		"batch size fraction":  {`{"sync":{"batchSize":1.5}}`, []string{"sync.batchSize is 1.5; allowed: an integer from 1 to 1000"}},
		"unknown durability":   {`{"buffer":{"durability":"Maybe"}}`, []string{`buffer.durability is "Maybe"; allowed: "Sync" or "Async"`}},
		"a default that another field makes wrong": {`{"retry":{"maxDelay":"1s"}}`,
			[]string{`retry.initialDelay is "5s"; allowed: a duration from 100ms to retry.maxDelay`}},
		"too many event ids": {`{"buffer":{"eventIds":{"maxCount":2000000}}}`,
			[]string{`buffer.eventIds is {"maxCount":2000000}; allowed: an object of maxCount, an integer from 0 to 1000000`}},
		"a user header that is no header name": {`{"ingest":{"userHeader":"X Progress User"}}`,
			[]string{`ingest.userHeader is "X Progress User"; allowed: "", or a header name of 1 to 64 characters`}},
		"a user header that any page may send": {`{"ingest":{"userHeader":"accept-language"}}`, []string{"neither HTTP nor a browser uses"}},
		"a user header as a list":              {`{"ingest":{"userHeader":["X-A"]}}`, []string{`ingest.userHeader is ["X-A"]; allowed`}},
		"peers in lower case":                  {`{"peers":{"mode":"off"}}`, []string{`peers.mode is "off"; allowed: "Auto" or "Off"`}},
		"several at once": {
			`{"sync":{"batchSize":0,"completionThresholdPercent":101},"database":{"maxConnections":"2"},"ingest":{"userHeader":"Host"},` +
				`"logging":{"level":"loud"}}`,
			[]string{`ingest.userHeader is "Host"`, "sync.batchSize is 0", "sync.completionThresholdPercent is 101", `database.maxConnections is "2"`, `logging.level is "loud"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse([]byte(c.file))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestEveryFieldIsReadAndChecked(t *testing.T) {
	// The table of settings and the types must not drift apart.
	want := config.Default()
	want.Policy = config.Policy{Namespace: "n", Name: "p", Generation: 3, CreatedAt: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)}
	want.Sync = config.Sync{Interval: 2e9, QuietPeriod: config.QuietPeriod{Fixed: 1e9}, LeaveGrace: 5e9, MinSyncWithin: 15e9, BatchSize: 11, CompletionThresholdPercent: 80.5}
	want.Retry = config.Retry{MaxRetries: 4, InitialDelay: 2e9, MaxDelay: 3e9}
	want.Buffer = config.Buffer{Durability: config.DurabilityAsync, MaxPendingRecords: 200, SizeLimitBytes: 65 << 20, ReplayWindow: 4e9,
		EventIDs: config.EventIDs{MaxCount: 7, MaxAge: 8e9}}
	want.Database = config.Database{
		MaxConnections: 3, Migrations: config.MigrationsManual, ExecMode: config.ExecModeExec,
		ReadTimeout: 5e8, StatementTimeout: 6e9,
		Mapping: &config.Mapping{
			Schema: "s", Table: "t", KeyColumns: config.KeyColumns{UserID: "u", CourseID: "c", LessonID: "l"},
			Columns: map[string]string{"percentage": "p"}, Fixed: map[string]string{"f": "1"},
		},
	}
	want.Ingest = config.Ingest{MaxBodyBytes: 2048, MaxItems: 5, MaxConcurrent: 6, UserHeader: "X-Progress-User"}
	want.Peers = config.Peers{Mode: config.PeersOff}
	want.Logging = config.Logging{Level: config.LogDebug}
	file, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written and read back (-want +got):\n%s", diff)
	}
	if unknown := config.UnknownSettings(file); len(unknown) > 0 {
		t.Errorf("of what it writes it does not know %q", unknown)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	if err := config.Default().Validate(); err != nil {
		t.Error(err)
	}
	if err := (config.Config{}).Validate(); err == nil {
		t.Error("a configuration without values is valid")
	}
}

// FuzzParse checks that what Parse accepts is valid and reads back the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"sync":{"interval":"45s","batchSize":50},"retry":{"maxDelay":"1s","initialDelay":"1s"}}`))
	f.Add([]byte(`{"buffer":{"durability":"Async"},"database":{"execMode":"exec"},"logging":null}`))
	f.Add([]byte(`{"database":{"mapping":{"table":"t","keyColumns":{"userId":"u","courseId":"c","lessonId":"l"},"columns":{"percentage":"p"}}}}`))
	f.Add([]byte(`{"ingest":{"userHeader":"X-Progress-User"}}`))
	f.Add([]byte(`{"peers":{"mode":"Off"}}`))
	f.Add([]byte(`{"policy":{"generation":1e300},"sync":7}`))
	f.Add([]byte(`{"policy":{"createdAt":"2026-01-02T15:04:05.5+02:00"},"buffer":{"eventIds":{"x":1}},"later":{"y":[]}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := config.Parse(file)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("accepted, but: %v", err)
		}
		if unknown := config.UnknownSettings(file); len(unknown) > 50 {
			t.Fatalf("%d unknown settings are listed", len(unknown))
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		d, err := config.Parse(again)
		if err != nil || !d.Equal(c) {
			t.Fatalf("written and read back: %v\n%+v\n%+v", err, c, d)
		}
	})
}
