package sidecarstatus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

var (
	noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	dawn = noon.Add(-4 * time.Hour)
	lms  = Policy{Namespace: "campus", Name: "lms", Generation: 3, CreatedAt: dawn}
)

// answered is a healthy sidecar that runs the policy's generation.
func answered(change func(*status.Document)) Answer {
	d := &status.Document{
		PolicyNamespace: "campus", PolicyName: "lms", PolicyGeneration: 3, PolicyCreatedAt: dawn, UnknownSettings: []string{}, Accepting: true,
		Database: status.Database{Reachable: ptr.To(true)},
	}
	if change != nil {
		change(d)
	}
	return Answer{Document: d, At: noon}
}

func failing(class string) func(*status.Document) {
	return func(d *status.Document) { d.Sync.Error = &status.Error{Class: class, SQLState: "28P01", Since: noon} }
}

func TestSummaryAddsUp(t *testing.T) {
	got := Summarize([]Answer{
		answered(func(d *status.Document) {
			d.Sync = status.Sync{PendingRecords: 4, InFlightRecords: 1, PendingUpdates: 40, OldestPendingSeconds: 30, LastSyncedAt: ptr.To(noon.Add(-time.Minute))}
			d.Counters = status.Counters{UpdatesAccepted: 1000, UpdatesRejected: 2, RowsWritten: 20, BatchesApplied: 3, Retries: 1}
			d.Peers = &status.Peers{Mode: "Auto", Members: 2, Candidates: 2, Reached: 1, HandedOn: 400, Strays: 30, KeptLocally: map[string]int64{"connect": 3}}
		}),
		answered(func(d *status.Document) {
			d.PolicyGeneration = 2
			d.Accepting = false
			d.Sync = status.Sync{PendingRecords: 7, PendingUpdates: 60, Parked: true, OldestPendingSeconds: 90, LastSyncedAt: ptr.To(noon.Add(-time.Hour))}
			d.Counters = status.Counters{UpdatesAccepted: 500, RowsWritten: 30, BatchesApplied: 4}
			d.DeadLetters.Count = 5
			d.Erasures = status.Erasures{Pending: 2, Failed: 1}
			d.Peers = &status.Peers{Mode: "Auto", Members: 3, HandedOn: 300, KeptLocally: map[string]int64{"connect": 4, "in_doubt": 1}}
		}),
		{},
		{Misses: missesAllowed},
		{Misses: missesAllowed + 1, Document: &status.Document{Sync: status.Sync{PendingRecords: 1e6}}},
	}, lms)
	want := Summary{
		Asked: 5, Answering: 2, Unreachable: 1, Configured: 1, Refusing: 1, Tried: 2,
		Records: Records{Pending: 12, Parked: 7, DeadLetters: 5, Erasures: 2, Oldest: noon.Add(-90 * time.Second), OldestUntold: noon.Add(-90 * time.Second)},
		Updates: Updates{
			Received: 1530, Rejected: 2, Pending: 100, RowsWritten: 50, Transactions: 7, Retries: 1,
			HandedOn: 700, KeptLocally: map[string]int64{"connect": 7, "in_doubt": 1},
		},
		Peers:    Peers{Told: 2, Peered: 2, Members: 3},
		LastSync: noon.Add(-time.Minute),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// A sidecar that runs something else than the policy says must not count as
// configured.
func TestConfigured(t *testing.T) {
	type of struct {
		Configured, Misconfigured int
		Settings                  Settings
	}
	cases := map[string]struct {
		change func(*status.Document)
		want   of
	}{
		"the policy's generation":                            {nil, of{Configured: 1}},
		"a newer one than the operator has seen":             {func(d *status.Document) { d.PolicyGeneration = 4 }, of{Configured: 1}},
		"an older generation":                                {func(d *status.Document) { d.PolicyGeneration = 2 }, of{}},
		"another policy":                                     {func(d *status.Document) { d.PolicyName = "exams" }, of{}},
		"a policy of another namespace":                      {func(d *status.Document) { d.PolicyNamespace = "test" }, of{}},
		"one that had the name before":                       {func(d *status.Document) { d.PolicyCreatedAt = dawn.Add(-time.Hour) }, of{}},
		"by a sidecar that knows no creation time":           {func(d *status.Document) { d.PolicyCreatedAt = time.Time{} }, of{Configured: 1}},
		"by a sidecar too old to tell what it does not know": {func(d *status.Document) { d.UnknownSettings = nil }, of{}},
		"with settings that the sidecar does not know": {
			func(d *status.Document) {
				d.UnknownSettings = []string{"sync.jitter", "<b>", "sync.jitter", "buffer.kind"}
			},
			of{Settings: Settings{Sidecars: 1, Names: []string{"buffer.kind", "sync.jitter"}}},
		},
		"with unknown settings of another policy": {
			func(d *status.Document) { d.PolicyName, d.UnknownSettings = "exams", []string{"sync.jitter"} }, of{},
		},
		"with a file that it does not take": {func(d *status.Document) { d.ConfigError = "sync.interval is ada@example.org" }, of{Configured: 1, Misconfigured: 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := Summarize([]Answer{answered(c.change)}, lms)
			if diff := cmp.Diff(c.want, of{s.Configured, s.Misconfigured, s.Settings}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsOfTheDatabase(t *testing.T) {
	unreachable := func(d *status.Document) { d.Database.Reachable = ptr.To(false) }
	both := func(changes ...func(*status.Document)) func(*status.Document) {
		return func(d *status.Document) {
			for _, change := range changes {
				change(d)
			}
		}
	}
	parked := func(d *status.Document) { d.Sync.Parked = true }
	cases := map[string]struct {
		change   func(*status.Document)
		reason   string
		blocking bool
	}{
		"no error":                                         {nil, "", false},
		"refused credentials hold everything":              {failing("Refused"), v1alpha1.ReasonCredentialsRefused, true},
		"a missing Secret too":                             {failing("SecretMissing"), v1alpha1.ReasonSecretMissing, true},
		"a missing schema too":                             {failing("SchemaMissing"), v1alpha1.ReasonSchemaMissing, true},
		"a missing grant too":                              {failing("NoPrivilege"), v1alpha1.ReasonNoPrivilege, true},
		"one that is not reachable":                        {both(unreachable, failing("Unreachable")), v1alpha1.ReasonDatabaseUnreachable, true},
		"one that is not reachable, without an error":      {unreachable, v1alpha1.ReasonDatabaseUnreachable, true},
		"a restart that passes":                            {failing("ShuttingDown"), v1alpha1.ReasonDatabaseUnreachable, false},
		"a conflict that passes":                           {failing("Conflict"), v1alpha1.ReasonDatabaseError, false},
		"a conflict that does not pass parks":              {both(parked, failing("Conflict")), v1alpha1.ReasonDatabaseError, true},
		"bad data is not the database's fault":             {both(parked, failing("BadData")), v1alpha1.ReasonDataRefused, false},
		"a table that takes nothing holds everything":      {failing("TableRefuses"), v1alpha1.ReasonTableUnusable, true},
		"a sequence that is used up too":                   {failing("TableExhausted"), v1alpha1.ReasonTableUnusable, true},
		"a row that was not written is one record's":       {both(parked, failing("NotWritten")), v1alpha1.ReasonDataRefused, false},
		"nor is a stale spool":                             {both(parked, failing("StaleSpool")), v1alpha1.ReasonStaleSpool, false},
		"an unknown class":                                 {both(parked, failing("<script>")), v1alpha1.ReasonDatabaseError, true},
		"a sidecar that shuts down reports no error by it": {failing("Stopping"), "", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := Summarize([]Answer{answered(c.change)}, lms)
			var got Error
			if len(s.Errors) > 0 {
				got = s.Errors[0]
			}
			if got.Reason != c.reason || got.Blocking != c.blocking || (s.Blocked == 1) != c.blocking {
				t.Errorf("reason %q, blocking %t, failing %d", got.Reason, got.Blocking, s.Blocked)
			}
		})
	}
}

func TestTheErrorThatBlocksMostSidecarsComesFirst(t *testing.T) {
	s := Summarize([]Answer{
		answered(failing("BadData")), answered(failing("BadData")), answered(failing("BadData")),
		answered(failing("SchemaMissing")),
		answered(failing("Refused")), answered(failing("Refused")),
	}, lms)
	want := []Error{
		{Reason: v1alpha1.ReasonCredentialsRefused, SQLState: "28P01", Sidecars: 2, Since: noon, Blocking: true},
		{Reason: v1alpha1.ReasonSchemaMissing, SQLState: "28P01", Sidecars: 1, Since: noon, Blocking: true},
		{Reason: v1alpha1.ReasonDataRefused, SQLState: "28P01", Sidecars: 3, Since: noon},
	}
	if diff := cmp.Diff(want, s.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestWriteReduction(t *testing.T) {
	for _, c := range []struct {
		name                    string
		received, pending, rows int64
		want                    string
	}{
		{"nothing was received", 0, 0, 0, ""},
		{"nothing was saved", 100, 100, 0, ""},
		{"one row for 36 updates", 36, 0, 1, "97.2%"},
		{"a row for each update", 10, 0, 10, "0.0%"},
		{"what waits is not counted as saved", 150, 50, 50, "50.0%"},
		{"never quite all", 1_000_000, 0, 1, "99.9%"},
		{"all discarded", 10, 0, 0, "100.0%"},
		{"more rows than updates, after a restart", 1, 0, 10, "0.0%"},
	} {
		if got := (Updates{Received: c.received, Pending: c.pending, RowsWritten: c.rows}).WriteReduction(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhatAPodSaysIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64()
		s := Summarize([]Answer{answered(func(d *status.Document) {
			d.Sync.PendingRecords, d.Sync.InFlightRecords, d.Sync.PendingUpdates = n.Draw(t, "a"), n.Draw(t, "b"), n.Draw(t, "c")
			d.Sync.OldestPendingSeconds = rapid.Float64().Draw(t, "age")
			d.Sync.LastSyncedAt = ptr.To(noon.Add(time.Duration(n.Draw(t, "last"))))
			d.Counters = status.Counters{UpdatesAccepted: n.Draw(t, "d"), RowsWritten: n.Draw(t, "e"), Retries: n.Draw(t, "f")}
			d.Peers = &status.Peers{
				Mode: "Auto", Members: int(n.Draw(t, "members")), HandedOn: n.Draw(t, "handed on"),
				KeptLocally: rapid.MapOfN(rapid.StringMatching(`[a-z_.<]{0,40}`), n, 0, 40).Draw(t, "kept"),
				Failure:     &status.PeersFailure{Reason: rapid.String().Draw(t, "failure"), Since: noon.Add(time.Duration(n.Draw(t, "since")))},
			}
			d.UnknownSettings = rapid.SliceOfN(rapid.StringMatching(`[A-Za-z.<]{0,70}`), 0, 40).Draw(t, "settings")
			d.Sync.Error = &status.Error{Class: rapid.String().Draw(t, "class"), SQLState: rapid.String().Draw(t, "state"), Message: "ada@example.org"}
		})}, lms)
		for _, n := range []int64{s.Records.Pending, s.Records.Parked, s.Updates.Received, s.Updates.RowsWritten, s.Updates.Retries, s.Updates.HandedOn, int64(s.Peers.Members)} {
			if n < 0 || n > 2*maxCount {
				t.Fatalf("%d", n)
			}
		}
		if s.LastSync.After(noon) {
			t.Fatalf("last sync in the future: %s", s.LastSync)
		}
		if s.Records.Oldest.After(noon) {
			t.Fatalf("oldest in the future: %s", s.Records.Oldest)
		}
		s.Updates.WriteReduction()
		s.Updates.HandedOnShare()
		if len(s.Updates.KeptLocally) > maxReasons {
			t.Fatalf("%d reasons are named", len(s.Updates.KeptLocally))
		}
		for reason, updates := range s.Updates.KeptLocally {
			if !keptReason.MatchString(reason) || updates < 0 || updates > maxCount {
				t.Fatalf("%d updates for %q", updates, reason)
			}
		}
		for reason := range s.Peers.Unregistered {
			if unregisteredReason(reason) != reason {
				t.Fatalf("reason %q", reason)
			}
		}
		if len(s.Settings.Names) > maxSettings {
			t.Fatalf("%d settings are named", len(s.Settings.Names))
		}
		for _, name := range s.Settings.Names {
			if !setting.MatchString(name) {
				t.Fatalf("setting %q", name)
			}
		}
		for _, e := range s.Errors {
			if e.SQLState != "" && !sqlState.MatchString(e.SQLState) {
				t.Fatalf("state %q", e.SQLState)
			}
		}
	})
}
