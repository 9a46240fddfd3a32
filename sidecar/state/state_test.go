package state

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// fakeBuffer has the statistics that a test gives it.
type fakeBuffer struct {
	stats    buffer.Stats
	erasures []buffer.Erasure
	failed   chan struct{}
}

func (b *fakeBuffer) Stats() buffer.Stats     { return b.stats }
func (b *fakeBuffer) Failed() <-chan struct{} { return b.failed }
func (b *fakeBuffer) Writer() string          { return "w-1" }

func (b *fakeBuffer) PendingErasures() []buffer.Erasure { return b.erasures }

// newState is a state ten seconds after its start, with a buffer attached.
func newState(*testing.T) (*State, *fakeBuffer) {
	now := start
	s := New(Options{Version: "1.2.3", Now: func() time.Time { return now }})
	now = start.Add(10 * time.Second)
	b := &fakeBuffer{failed: make(chan struct{})}
	s.Attach(b, func() int { return 2 })
	return s, b
}

func someBatch() progress.Batch {
	return progress.Batch{Oldest: progress.InstantOf(start), Records: []progress.Record{
		{Key: progress.Key{UserID: "ada-lovelace", CourseID: "secret-course"}, ReceivedAt: progress.InstantOf(start.Add(time.Minute))},
		{Key: progress.Key{UserID: "ada-lovelace", CourseID: "secret-course", LessonID: "2"}, ReceivedAt: progress.InstantOf(start)},
	}}
}

func failed(p flush.Phase) flush.Condition {
	no := false
	return flush.Condition{
		Phase: p, Failures: 3, Since: start, NextAttempt: start.Add(20 * time.Second),
		Failure: &postgres.Failure{
			Class: postgres.Unreachable, SQLState: "08006", Kind: postgres.KindNetwork, Message: "Look at the network.",
		},
		Reachable: &no, ReachableSince: start,
	}
}

func TestDocument(t *testing.T) {
	s, b := newState(t)
	created := start.Add(-time.Hour)
	s.SetConfig(config.Choice{
		Config:  config.Config{Policy: config.Policy{Namespace: "campus", Name: "lms", Generation: 7, CreatedAt: created}},
		Unknown: []string{"sync.later"}, Source: config.SourceKept, Err: errors.New("sync.interval: must be 1s to 24h"),
	})
	b.stats = buffer.Stats{
		Pending: 5, InFlight: 2, PendingUpdates: 30, Oldest: progress.InstantOf(start), DeadLetters: 1,
		SpoolBytes: 4096, LimitBytes: 1 << 30,
	}
	s.Accepted(40, 0)
	s.Rejected("invalid", 2)
	s.Rejected("full", 1)
	s.BatchSaved(someBatch(), 2, start.Add(3*time.Second))
	s.BatchReplayed(someBatch(), 1)
	s.Retried()
	s.ConditionChanged(failed(flush.PhaseParked))

	s.Attempted(time.Millisecond, nil)
	s.AttemptFailed(*failed(flush.PhaseParked).Failure)
	s.AttachAdaptive(func() *status.Adaptive { return &status.Adaptive{Mode: "On", Factor: 1.5} })

	no, saved, next := false, start.Add(3*time.Second), start.Add(20*time.Second)
	since := start
	want := status.Document{
		Version: "1.2.3", PolicyNamespace: "campus", PolicyName: "lms", PolicyGeneration: 7, PolicyCreatedAt: created,
		UnknownSettings: []string{"sync.later"}, ConfigSource: "kept",
		ConfigError: "sync.interval: must be 1s to 24h", Accepting: true, StartedAt: start,
		Sync: status.Sync{
			State: status.StateParked, PendingRecords: 5, InFlightRecords: 2, PendingUpdates: 30,
			OldestPendingSeconds: 10, LastSyncedAt: &saved, NextSyncAt: &next, RetryCount: 3, Parked: true,
			Error: &status.Error{
				Kind: "network", Class: "Unreachable", SQLState: "08006", Message: "Look at the network.", Since: start,
			},
		},
		Classes: []status.Class{{
			Name: "default", RecordsSaved: 2, SaveLag: status.Lag{Counts: slices.Concat(make([]int64, 4), []int64{2}, make([]int64, 17))},
		}},
		Adaptive: &status.Adaptive{Mode: "On", Factor: 1.5},
		Counters: status.Counters{
			UpdatesAccepted: 40, UpdatesRejected: 3, RowsWritten: 3, BatchesApplied: 1, BatchesReplayed: 1, Retries: 1,
			Attempts: 2, FailedAttempts: 1, RecordsSaved: 2,
		},
		Database:    status.Database{Reachable: &no, Since: &since},
		Spool:       status.Spool{Bytes: 4096, LimitBytes: 1 << 30},
		DeadLetters: status.DeadLetters{Count: 1},
	}
	if diff := cmp.Diff(want, s.Document()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The operator takes null for a sidecar that can't tell.
func TestNoUnknownSettingsAreAnEmptyList(t *testing.T) {
	s, _ := newState(t)
	s.SetConfig(config.Choice{Config: config.Default(), Source: config.SourceFile})
	if body := get(t, s, "/v1/status").Body.String(); !strings.Contains(body, `"unknownSettings":[]`) {
		t.Error(body)
	}
}

func TestWhatIsPublishedNamesNoLearner(t *testing.T) {
	s, _ := newState(t)
	s.BatchSaved(someBatch(), 2, start)
	s.BatchReplayed(someBatch(), 2)
	s.BatchSplit(someBatch(), postgres.Failure{})
	s.BatchQuarantined(someBatch(), postgres.Failure{SQLState: "22003"})
	document, err := json.Marshal(s.Document())
	if err != nil {
		t.Fatal(err)
	}
	sync, err := json.Marshal(s.SyncState())
	if err != nil {
		t.Fatal(err)
	}
	all := string(document) + string(sync) + get(t, s, "/metrics").Body.String()
	for _, secret := range []string{"ada-lovelace", "secret-course"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is published", secret)
		}
	}
}

func TestAnIncompleteReplayStaysInTheDocument(t *testing.T) {
	s, _ := newState(t)
	s.Rewound(flush.Rewind{Lane: 0, Applied: 9, Ledger: 2, Kept: 3})
	s.Rewound(flush.Rewind{Lane: 1, Applied: 4, Ledger: 3, Kept: 0})
	s.Rewound(flush.Rewind{Lane: 1, Applied: 9, Ledger: 4, Kept: 5, Complete: true})
	d := s.Document()
	if d.Sync.Error == nil || d.Sync.Error.Class != ClassRewoundIncomplete || !strings.Contains(d.Sync.Error.Message, "up to 5 batches") {
		t.Errorf("error %+v", d.Sync.Error)
	}
	if d.Sync.State != status.StateSynced {
		t.Errorf("state %s although writing goes on", d.Sync.State)
	}
	s.ConditionChanged(failed(flush.PhaseRetrying))
	if got := s.Document().Sync.Error.Class; got != "Unreachable" {
		t.Errorf("a failure that lasts is hidden by %s", got)
	}
}

func TestAccepting(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(*State, *fakeBuffer)
		want   bool
		says   string
	}{
		{"a running sidecar accepts", func(*State, *fakeBuffer) {}, true, ""},
		{"with the database away it accepts", func(s *State, _ *fakeBuffer) { s.ConditionChanged(failed(flush.PhaseParked)) }, true, ""},
		{"a fenced one accepts", func(s *State, _ *fakeBuffer) { s.ConditionChanged(failed(flush.PhaseStopped)) }, true, ""},
		{"with a full spool it refuses", func(_ *State, b *fakeBuffer) { b.stats.Refusing = true }, false, "nearly full"},
		{"with a broken disk it refuses", func(_ *State, b *fakeBuffer) { close(b.failed) }, false, "disk failed"},
		{"when it shuts down it refuses", func(s *State, _ *fakeBuffer) { s.SetRefusal("shutting down") }, false, "shutting down"},
		{"a refusal can end", func(s *State, _ *fakeBuffer) { s.SetRefusal("busy"); s.SetRefusal("") }, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, b := newState(t)
			c.happen(s, b)
			d := s.Document()
			if d.Accepting != c.want || !strings.Contains(d.Refusal, c.says) || (c.says == "") != (d.Refusal == "") {
				t.Errorf("accepting %v, refusal %q", d.Accepting, d.Refusal)
			}
		})
	}
}

func TestChangedWakesEveryWaiterOfEachChange(t *testing.T) {
	s, _ := newState(t)
	for name, change := range map[string]func(){
		"accepted":   func() { s.Accepted(1, 0) },
		"saved":      func() { s.BatchSaved(someBatch(), 1, start) },
		"condition":  func() { s.ConditionChanged(failed(flush.PhaseParked)) },
		"config":     func() { s.SetConfig(config.Choice{}) },
		"quarantine": func() { s.BatchQuarantined(someBatch(), postgres.Failure{}) },
	} {
		first, second := s.Changed(), s.Changed()
		change()
		for _, ch := range []<-chan struct{}{first, second} {
			select {
			case <-ch:
			default:
				t.Errorf("%s woke nobody", name)
			}
		}
		select {
		case <-s.Changed():
			t.Errorf("after %s a new waiter is woken without a change", name)
		default:
		}
	}
}

func TestRefusedErasuresShowUntilTheyAreDone(t *testing.T) {
	s, b := newState(t)
	b.erasures = []buffer.Erasure{{UserID: "ada-lovelace"}, {UserID: "bob"}}
	changed := s.Changed()
	s.ErasuresRefused(1, &postgres.Failure{
		Class: postgres.Other, SQLState: "P0001", Kind: postgres.KindServer, Message: "Look at the trigger.", Retry: postgres.Hold,
	})
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
	d := s.Document()
	want := status.Erasures{Pending: 2, Failed: 1, Error: &status.ErasureError{
		Kind: "server", Class: "Other", SQLState: "P0001", Message: "Look at the trigger.",
	}}
	if diff := cmp.Diff(want, d.Erasures); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d.Sync.State != status.StateSynced || d.Sync.Error != nil {
		t.Errorf("the sync is told to be %+v", d.Sync)
	}
	b.erasures = nil
	s.ErasuresRefused(0, nil)
	if got := s.Document().Erasures; got != (status.Erasures{}) {
		t.Errorf("got %+v", got)
	}
}

// What is in quarantine shows from the start on, with a moment that does not move, so
// that the operator writes it once.
func TestDeadLettersShowUntilThereAreNone(t *testing.T) {
	now := start
	s := New(Options{Now: func() time.Time { return now }})
	b := &fakeBuffer{failed: make(chan struct{}), stats: buffer.Stats{DeadLetters: 2}}
	s.Attach(b, nil)
	expect := func(count int64, since time.Time) {
		t.Helper()
		sync, want := s.Document().Sync, &status.Error{Kind: "validation", Class: "BadData", Message: quarantineMessage(count), Since: since}
		if diff := cmp.Diff(want, sync.Error); diff != "" || sync.State != status.StateError {
			t.Errorf("%s, (-want +got):\n%s", sync.State, diff)
		}
	}
	expect(2, start)
	now = start.Add(time.Minute)
	b.stats.DeadLetters = 3
	s.BatchQuarantined(someBatch(), postgres.Failure{})
	expect(3, start)

	b.stats.Pending = 1
	if sync := s.Document().Sync; sync.State != status.StatePending || sync.Error == nil || sync.Error.Class != "BadData" {
		t.Errorf("while another record waits: %s, %+v", sync.State, sync.Error)
	}
	b.stats.Pending = 0
	s.ConditionChanged(failed(flush.PhaseParked))
	if got := s.Document().Sync.Error.Class; got != "Unreachable" {
		t.Errorf("a failure is hidden by %s", got)
	}
	s.ConditionChanged(flush.Condition{})

	b.stats.DeadLetters = 0
	s.RecordsChanged()
	if sync := s.Document().Sync; sync.State != status.StateSynced || sync.Error != nil {
		t.Errorf("without dead letters: %+v", sync)
	}
	// A dead letter of an orphan is not of our spool.
	s.BatchQuarantined(someBatch(), postgres.Failure{})
	now = start.Add(time.Hour)
	b.stats.DeadLetters = 1
	s.BatchQuarantined(someBatch(), postgres.Failure{})
	expect(1, now)
}

func TestReadinessDoesNotDependOnDeadLetters(t *testing.T) {
	s, b := newState(t)
	b.stats.DeadLetters = 5
	for _, path := range []string{"/readyz", "/healthz"} {
		get(t, s, path)
	}
}
