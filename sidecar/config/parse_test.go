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
			[]string{`sync.quietPeriod is "2m"; allowed: "Auto", 0s, or a duration from 1s to sync.interval`}},
		"a leave grace longer than the interval": {`{"sync":{"interval":"1m","leaveGrace":"2m"}}`,
			[]string{`sync.leaveGrace is "2m"; allowed: 0s, or a duration from 1s to sync.interval`}},
		"a floor of nothing":                {`{"sync":{"minSyncWithin":"0s"}}`, []string{`sync.minSyncWithin is "0s"; allowed: a duration from 1s to sync.interval`}},
		"classes that are no list":          {`{"sync":{"classes":{"name":"a"}}}`, []string{"sync.classes must be a JSON array"}},
		"a class that is no object":         {`{"sync":{"classes":["short"]}}`, []string{"sync.classes[0] must be a JSON object", `sync.classes[0].name is ""`}},
		"nine classes":                      {`{"sync":{"classes":[{},{},{},{},{},{},{},{},{}]}}`, []string{"sync.classes is [{},{}", "allowed: a list of up to 8 objects"}},
		"a class named default":             {classes(`{"name":"default","match":{"courseIds":["a"]}}`), []string{`sync.classes[0].name is "default"; allowed: a DNS label that no other class has, and not "default"`}},
		"two classes of one name":           {classes(class("a", ""), class("a", "")), []string{`sync.classes[1].name is "a"; allowed: a DNS label that no other class has`}},
		"a class without a condition":       {classes(`{"name":"a","match":{}}`), []string{`sync.classes[0].match is {}; allowed: one of minDuration, maxDuration,`}},
		"a duration of a class as a number": {classes(class("a", ""), `{"name":"b","match":{"maxDuration":300}}`), []string{`sync.classes[1].match.maxDuration is 300; allowed: a duration from minDuration to 24h`}},
		"a longest below the shortest":      {classes(`{"name":"a","match":{"minDuration":"10m","maxDuration":"5m"}}`), []string{`sync.classes[0].match.maxDuration is "5m"; allowed: a duration from minDuration`}},
		"no ids at all":                     {classes(`{"name":"a","match":{"lessonIds":[]}}`), []string{`sync.classes[0].match.lessonIds is []; allowed: a list of 1 to 100 ids`}},
		"an empty id":                       {classes(`{"name":"a","match":{"moduleIds":["m",""]}}`), []string{`sync.classes[0].match.moduleIds is ["m",""]`}},
		"a class's quiet period above its interval": {classes(class("a", `,"interval":"20s","quietPeriod":"30s"`)),
			[]string{`sync.classes[0].quietPeriod is "30s"; allowed: "Auto", 0s for none, or a duration from 1s to the interval of the class`}},
		"a class's quiet period above all's interval": {classes(class("a", `,"quietPeriod":"4m"`)), []string{`sync.classes[0].quietPeriod is "4m"`}},
		"an unknown adaptive mode":                    {`{"sync":{"adaptive":{"mode":"on"}}}`, []string{`sync.adaptive.mode is "on"; allowed: "Off", "Observe" or "On"`}},
		"adaptive bounds on the wrong side": {`{"sync":{"adaptive":{"minInterval":"4m","maxInterval":"2m","targetLatency":"2m"}}}`, []string{
			`sync.adaptive.minInterval is "4m"; allowed: a duration from 1s to sync.interval`,
			`sync.adaptive.maxInterval is "2m"; allowed: a duration from sync.interval to 24h`, `sync.adaptive.targetLatency is "2m"; allowed`}},
		"one arm":             {`{"variants":{"seed":"s","arms":[{"name":"a","weight":1}]}}`, []string{`variants.arms is [{"name":"a","weight":1}]; allowed: a list of 2 to 4 objects`}},
		"arms without a seed": {`{"variants":{"arms":[{"name":"a","weight":1},{"name":"b","weight":1}]}}`, []string{`variants.seed is ""; allowed: 1 to 64 characters`}},
		"a seed with a zero":  {`{"variants":{"seed":"a\u0000b"}}`, []string{`variants.seed is "a\u0000b"; allowed`}},
		"arms with mistakes": {`{"variants":{"seed":"s","arms":[{"name":"a","weight":0,"sync":{"interval":"1m","quietPeriod":"2m"}},{"name":"a","weight":"1","sync":{"leaveGrace":"1h"}}]}}`, []string{
			`variants.arms[0].weight is 0; allowed: an integer from 1 to 1000`, `variants.arms[0].sync.quietPeriod is "2m"`,
			`variants.arms[1].name is "a"; allowed: a DNS label that no other arm has`, `variants.arms[1].weight is "1"`, `variants.arms[1].sync.leaveGrace is "1h"`}},
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
		"a standard that there is not":         {`{"ingest":{"standards":["SCORM"]}}`, []string{`ingest.standards is ["SCORM"]; allowed: an array of "xAPI" and "Caliper"`}},
		"a standard twice":                     {`{"ingest":{"standards":["xAPI","xAPI"]}}`, []string{`ingest.standards is`}},
		"a prefix of nothing":                  {`{"ingest":{"iriPrefixes":[""]}}`, []string{`ingest.iriPrefixes is [""]; allowed: an array of up to 16`}},
		"a user header as a list":              {`{"ingest":{"userHeader":["X-A"]}}`, []string{`ingest.userHeader is ["X-A"]; allowed`}},
		"events for no day":                    {`{"events":{"enabled":true,"retentionDays":0}}`, []string{"events.retentionDays is 0; allowed: an integer from 1 to 90"}},
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

// classes is a file with classes, and class one that has a match and what else is
// given.
func classes(elements ...string) string {
	return `{"sync":{"classes":[` + strings.Join(elements, ",") + `]}}`
}

func class(name, more string) string {
	return `{"name":"` + name + `","match":{"maxDuration":"5m"}` + more + `}`
}

// A short interval must not need two more settings: what is due after it by default
// never comes to pass.
func TestAShortIntervalNeedsNoOtherSettings(t *testing.T) {
	for _, file := range []string{
		`{"sync":{"interval":"1s"}}`,
		`{"sync":{"interval":"2s","leaveGrace":"5s","minSyncWithin":"15s"}}`,
		`{"sync":{"interval":"2s","quietPeriod":"Auto","leaveGrace":"0s"}}`,
		`{"sync":{"interval":"30s","classes":[{"name":"a","match":{"courseIds":["c*"]},"interval":"1s"}]}}`,
		`{"variants":{"seed":"s","arms":[{"name":"a","weight":1,"sync":{"interval":"1s"}},{"name":"b","weight":1,"sync":{"interval":"1s","leaveGrace":"5s"}}]}}`,
	} {
		if _, err := config.Parse([]byte(file)); err != nil {
			t.Errorf("%s\n%v", file, err)
		}
	}
}

// A sidecar that is older than the operator would tell of settings that it does not
// know, and the policy would not be Ready, though nobody uses one of them.
func TestWhatIsNotUsedIsNotInTheFile(t *testing.T) {
	file, err := json.Marshal(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"leaveGrace", "minSyncWithin", "classes", "adaptive", "variants", "quietPeriod", "standards", "iriPrefixes", "activityDaily"} {
		if strings.Contains(string(file), name) {
			t.Errorf("%s is in %s", name, file)
		}
	}
	changed := config.Default()
	changed.Sync.LeaveGrace, changed.Sync.MinSyncWithin = 0, 30e9
	file, err = json.Marshal(changed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse(file)
	if err != nil || !got.Equal(changed) {
		t.Errorf("%v\n%s", err, file)
	}
}

func TestEveryFieldIsReadAndChecked(t *testing.T) {
	// The table of settings and the types must not drift apart.
	want := config.Default()
	want.Policy = config.Policy{Namespace: "n", Name: "p", Generation: 3, CreatedAt: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)}
	want.Sync = config.Sync{Interval: 2e9, QuietPeriod: config.QuietPeriod{Fixed: 1e9}, LeaveGrace: 1e9, MinSyncWithin: 2e9, BatchSize: 11, CompletionThresholdPercent: 80.5,
		Classes: []config.Class{{Name: "a", Match: config.ClassMatch{MinDuration: 1e9, MaxDuration: 2e9, CourseIDs: []string{"c"}, ModuleIDs: []string{"m*"}, LessonIDs: []string{"l"}},
			Interval: new(config.Duration(4e9)), QuietPeriod: &config.QuietPeriod{Auto: true}, FlushOnComplete: new(true)}},
		Adaptive: config.Adaptive{Mode: config.AdaptiveObserve, MinInterval: 1e9, MaxInterval: 9e9, TargetLatency: 5e7}}
	want.Variants = config.Variants{Seed: "s", Arms: []config.Arm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1000, Sync: config.ArmSync{
		Interval: new(config.Duration(5e9)), QuietPeriod: &config.QuietPeriod{Fixed: 5e9}, FlushOnComplete: new(false), LeaveGrace: new(config.Duration(0))}}}}
	want.Retry = config.Retry{MaxRetries: 4, InitialDelay: 2e9, MaxDelay: 3e9}
	want.Buffer = config.Buffer{Durability: config.DurabilityAsync, MaxPendingRecords: 200, SizeLimitBytes: 65 << 20, ReplayWindow: 4e9,
		EventIDs: config.EventIDs{MaxCount: 7, MaxAge: 8e9}}
	want.Database = config.Database{
		MaxConnections: 3, Migrations: config.MigrationsManual, ExecMode: config.ExecModeExec,
		ReadTimeout: 5e8, StatementTimeout: 6e9, ActivityDaily: true,
		Mapping: &config.Mapping{
			Schema: "s", Table: "t", KeyColumns: config.KeyColumns{UserID: "u", CourseID: "c", LessonID: "l"},
			Columns: map[string]string{"percentage": "p"}, Fixed: map[string]string{"f": "1"}, EventMark: "m",
		},
	}
	want.Ingest = config.Ingest{MaxBodyBytes: 2048, MaxItems: 5, MaxConcurrent: 6, UserHeader: "X-Progress-User",
		Standards: []config.Standard{config.StandardCaliper}, IRIPrefixes: []string{"https://lms.example/"}}
	want.Peers = config.Peers{Mode: config.PeersOff}
	want.Events = config.Events{Enabled: true, RetentionDays: 90}
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
	f.Add([]byte(`{"sync":{"quietPeriod":"Auto","leaveGrace":"0s","minSyncWithin":"20s","adaptive":{"mode":"On","maxInterval":"9m","targetLatency":"50ms"}}}`))
	f.Add([]byte(`{"sync":{"classes":[{"name":"a","match":{"minDuration":"1s","courseIds":["c*"]},"interval":"1m","quietPeriod":"0s","flushOnComplete":null},null,[]]}}`))
	f.Add([]byte(`{"sync":{"classes":[{"name":"exam","match":{"lessonIds":["exam-*"]},"interval":"30s","quietPeriod":"Auto"}]}}`))
	f.Add([]byte(`{"variants":{"seed":"s","arms":[{"name":"a","weight":1},{"name":"b","weight":2,"sync":{"interval":"1m","leaveGrace":"5s"}}]}}`))
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
