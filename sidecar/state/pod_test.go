package state

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

func ask(s *State, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.PodHandler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("{}")))
	return w
}

func get(t *testing.T, s *State, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := ask(s, http.MethodGet, path)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w
}

func TestThePodNetworkCanOnlyRead(t *testing.T) {
	s, _ := newState(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/v1/status"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			if w := ask(s, method, path); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
		if w := ask(s, http.MethodGet, path); w.Code != http.StatusOK {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/", "/v1/progress", "/v1/sync", "/v1/status/", "/debug/pprof/", "/healthz/x"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			if w := ask(s, method, path); w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	for _, c := range []struct {
		name            string
		happen          func(*State, *fakeBuffer)
		healthy, readyz int
	}{
		{"running", func(*State, *fakeBuffer) {}, 200, 200},
		{"the database is away", func(s *State, _ *fakeBuffer) { s.ConditionChanged(failed(flush.PhaseParked)) }, 200, 200},
		{"the spool is full", func(_ *State, b *fakeBuffer) { b.stats.Refusing = true }, 200, 503},
		{"shutting down", func(s *State, _ *fakeBuffer) { s.SetRefusal("shutting down") }, 200, 503},
		{"the disk failed", func(_ *State, b *fakeBuffer) { close(b.failed) }, 503, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, b := newState(t)
			c.happen(s, b)
			if w := ask(s, http.MethodGet, "/healthz"); w.Code != c.healthy {
				t.Errorf("healthz %d", w.Code)
			}
			if w := ask(s, http.MethodGet, "/readyz"); w.Code != c.readyz {
				t.Errorf("readyz %d", w.Code)
			}
		})
	}
	if w := ask(New(Options{}), http.MethodGet, "/readyz"); w.Code != 503 {
		t.Errorf("ready before the buffer is open: %d", w.Code)
	}
	if w := ask(New(Options{}), http.MethodGet, "/healthz"); w.Code != 200 {
		t.Errorf("not healthy while starting: %d", w.Code)
	}
}

func TestStatusIsTheDocument(t *testing.T) {
	s, _ := newState(t)
	s.Accepted(3, 2)
	w := get(t, s, "/v1/status")
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	var d status.Document
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != "1.2.3" || d.Counters.UpdatesAccepted != 3 {
		t.Errorf("got %+v", d)
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	s, _ := newState(t)
	s.Rejected("invalid", 1)
	s.ConditionChanged(failed(flush.PhaseRetrying))
	problems, err := testutil.GatherAndLint(s.metrics.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, namespace) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestMetrics(t *testing.T) {
	s, b := newState(t)
	b.stats = buffer.Stats{
		Pending: 5, InFlight: 2, PendingUpdates: 30, Oldest: progress.InstantOf(start), DeadLetters: 1,
		SpoolBytes: 4096, LimitBytes: 1 << 20,
	}
	s.Accepted(40, 0)
	s.Rejected("invalid", 2)
	s.BatchSaved(someBatch(), 2, start.Add(70*time.Second))
	s.JournalSynced(time.Millisecond)
	s.Retried()
	s.AttemptFailed(*failed(flush.PhaseParked).Failure)
	s.Attempted(3*time.Millisecond, nil)
	s.Attempted(time.Minute, failed(flush.PhaseParked).Failure)
	s.Rewound(flush.Rewind{Applied: 9, Ledger: 2, Kept: 3})
	s.ConditionChanged(failed(flush.PhaseParked))

	lines := strings.Split(get(t, s, "/metrics").Body.String(), "\n")
	for _, want := range []string{
		`progress_sync_updates_accepted_total 40`,
		`progress_sync_updates_rejected_total{reason="invalid"} 2`,
		`progress_sync_records_pending 5`,
		`progress_sync_records_in_flight 2`,
		`progress_sync_updates_pending 30`,
		`progress_sync_oldest_pending_age_seconds 10`,
		`progress_sync_save_lag_seconds_bucket{le="60"} 0`,
		`progress_sync_save_lag_seconds_bucket{le="120"} 2`,
		`progress_sync_journal_sync_seconds_count 1`,
		`progress_sync_batches_total{outcome="saved"} 1`,
		`progress_sync_batches_total{outcome="quarantined"} 0`,
		`progress_sync_rows_written_total{outcome="saved"} 2`,
		`progress_sync_retries_total 1`,
		`progress_sync_attempt_failures_total{class="Unreachable"} 1`,
		`progress_sync_write_attempts_total{outcome="succeeded"} 1`,
		`progress_sync_write_attempts_total{outcome="failed"} 1`,
		`progress_sync_database_round_trip_seconds_bucket{outcome="succeeded",le="0.004"} 1`,
		`progress_sync_database_round_trip_seconds_count{outcome="failed"} 1`,
		`progress_sync_rewinds_total 1`,
		`progress_sync_batches_missing_total 4`,
		`progress_sync_breaker_open 1`,
		`progress_sync_dead_letters 1`,
		`progress_sync_spool_bytes 4096`,
		`progress_sync_spool_limit_bytes 1.048576e+06`,
		`progress_sync_database_reachable 0`,
		`progress_sync_database_connections 2`,
		`progress_sync_config_generation 0`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %s", want)
		}
	}
	if w := get(t, New(Options{}), "/metrics"); strings.Contains(w.Body.String(), "database_reachable") {
		t.Error("reachability is claimed before the first contact")
	}
}
