//go:build chart

package chart

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// rules are the alerts and the recording rules, each with its expression.
func rules(t *testing.T, args ...string) (alerts, records map[string]string) {
	t.Helper()
	var rule struct {
		Spec struct {
			Groups []struct {
				Rules []struct{ Alert, Record, Expr string }
			}
		}
	}
	object := one(t, render(t, append(args, "--set", "metrics.prometheusRule.enabled=true")...), "PrometheusRule")
	if err := yaml.Unmarshal(object.text, &rule); err != nil {
		t.Fatal(err)
	}
	alerts, records = map[string]string{}, map[string]string{}
	for _, g := range rule.Spec.Groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				alerts[r.Alert] = r.Expr
			} else {
				records[r.Record] = r.Expr
			}
		}
	}
	return alerts, records
}

// A class of 24 hours would raise an alert of one age for all, every day, and one of 30
// seconds would raise it too late.
func TestRecordsThatAreLateForTheirClassRaiseAnAlert(t *testing.T) {
	const overdue, oldest = "ProgressSyncOverdue", "ProgressSyncOldestPending"
	alerts, _ := rules(t)
	if !strings.HasSuffix(alerts[overdue], "(progress_sync_overdue_seconds) > 60") {
		t.Errorf("%s: %q", overdue, alerts[overdue])
	}
	if expr, found := alerts[oldest]; found {
		t.Errorf("%s is there although nobody asked for it: %s", oldest, expr)
	}
	alerts, _ = rules(t, "--set", "metrics.prometheusRule.overdueSeconds=5", "--set", "metrics.prometheusRule.oldestPendingSeconds=1000000")
	if !strings.HasSuffix(alerts[overdue], " > 5") || !strings.HasSuffix(alerts[oldest], "(progress_sync_oldest_pending_age_seconds) > 1000000") {
		t.Errorf("%q and %q", alerts[overdue], alerts[oldest])
	}
}

func TestTheNumbersOfAPolicyAreRecorded(t *testing.T) {
	_, records := rules(t)
	for _, name := range []string{"sync_frequency", "average_batch_size", "success_rate", "error_rate", "average_retries"} {
		expr := records["progress_sync:"+name]
		if n := strings.Count(expr, "sum by (namespace, policy)"); n == 0 || n != strings.Count(expr, "rate(") {
			t.Errorf("%s is not of each policy: %q", name, expr)
		}
	}
	if len(records) != 5 {
		t.Errorf("rules %v", records)
	}
}
