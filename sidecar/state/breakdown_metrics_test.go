package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// A dashboard would show a factor of 0, or of a policy that has none any more.
func TestTheAdaptiveFactorIsAbsentWhereThereIsNone(t *testing.T) {
	s, _ := newState(t)
	var adaptive *status.Adaptive
	metrics := func() string { return get(t, s, "/metrics").Body.String() }
	if strings.Contains(metrics(), "adaptive") {
		t.Error("it is there before anything tells of it")
	}
	s.AttachAdaptive(func() *status.Adaptive { return adaptive })
	if strings.Contains(metrics(), "adaptive") {
		t.Error("it is there while intervals are not adaptive")
	}
	adaptive = &status.Adaptive{Mode: "On", Factor: 1.5, LatencySeconds: .25}
	for _, line := range []string{"progress_sync_adaptive_factor 1.5\n", "progress_sync_adaptive_latency_seconds 0.25\n"} {
		if !strings.Contains(metrics(), line) {
			t.Errorf("no line %s", line)
		}
	}
}

func TestMetricsOfClassesAndVariants(t *testing.T) {
	s, _ := newState(t)
	c := compared()
	s.SetConfig(config.Choice{Config: c})
	ada := recordOf(learnerOf(t, c, "b"), "exam-1", 5)
	terms := timing.New(c, 0).Of(&ada)
	for range 5 {
		s.Merged(terms, 1)
	}
	s.FinalLag(terms, 7*time.Second)
	s.BatchSaved(progress.Batch{Oldest: progress.InstantOf(start), Records: []progress.Record{ada}}, 1, start.Add(40*time.Second))
	wanted := []string{
		`progress_sync_records_saved_total 1`,
		`progress_sync_class_records_saved_total{class="exam"} 1`,
		`progress_sync_class_records_saved_total{class="default"} 0`,
		`progress_sync_class_save_lag_seconds_bucket{class="exam",le="30"} 0`,
		`progress_sync_class_save_lag_seconds_bucket{class="exam",le="45"} 1`,
		`progress_sync_class_save_lag_seconds_sum{class="exam"} 40`,
		`progress_sync_final_lag_seconds_bucket{class="exam",le="5"} 0`,
		`progress_sync_final_lag_seconds_bucket{class="exam",le="10"} 1`,
		`progress_sync_variant_learners{variant="b"} 1`,
		`progress_sync_variant_learners{variant="a"} 0`,
		`progress_sync_variant_updates_accepted_total{variant="b"} 5`,
		`progress_sync_variant_updates_saved_total{variant="b"} 5`,
		`progress_sync_variant_rows_written_total{variant="b"} 1`,
		`progress_sync_variant_save_lag_seconds_count{variant="b"} 1`,
		`progress_sync_variant_final_lag_seconds_sum{variant="b"} 7`,
	}
	lines := strings.Split(get(t, s, "/metrics").Body.String(), "\n")
	for _, want := range wanted {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %s", want)
		}
	}
	s.SetConfig(config.Choice{Config: config.Default()})
	if body := get(t, s, "/metrics").Body.String(); strings.Contains(body, `"exam"`) || strings.Contains(body, `variant="`) {
		t.Errorf("what the policy dropped is still there:\n%s", body)
	}
}
