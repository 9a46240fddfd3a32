package policy

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// StatusMetrics shows the status of every policy as metrics. It reads the
// policies at each scrape, so that a deleted one leaves nothing behind.
type StatusMetrics struct {
	reader     client.Reader
	conditions *prometheus.Desc
	pods       *prometheus.Desc
	records    *prometheus.Desc
	unsaved    *prometheus.Desc
}

// NewStatusMetrics reads policies, from a cache.
func NewStatusMetrics(reader client.Reader) *StatusMetrics {
	labels := []string{"namespace", "policy"}
	return &StatusMetrics{
		reader: reader,
		conditions: prometheus.NewDesc("progress_sync_operator_policy_condition",
			"Condition of a policy: 1 for True, 0 for False, -1 for Unknown.", append(labels[:2:2], "type"), nil),
		pods: prometheus.NewDesc("progress_sync_operator_policy_pods",
			"Pods of a policy by state: matched, injected, ready, failing, configured, outdated, unreachable, refused, opted_out, conflicting, refusing.",
			append(labels[:2:2], "state"), nil),
		records: prometheus.NewDesc("progress_sync_operator_policy_records",
			"Records that the sidecars of a policy hold, by state: pending, parked, dead_letters.", append(labels[:2:2], "state"), nil),
		unsaved: prometheus.NewDesc("progress_sync_operator_unsaved_records_total",
			"Records that pods of a policy had not saved when they went, by fate: lost, on_claim, unknown.", append(labels[:2:2], "fate"), nil),
	}
}

// Describe implements prometheus.Collector.
func (m *StatusMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.conditions
	out <- m.pods
	out <- m.records
	out <- m.unsaved
}

// Collect implements prometheus.Collector. A cache that is not synced yet shows
// no policies.
func (m *StatusMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var policies v1alpha1.ProgressSyncPolicyList
	if err := m.reader.List(ctx, &policies); err != nil {
		return
	}
	for i := range policies.Items {
		m.collect(&policies.Items[i], out)
	}
}

func (m *StatusMetrics) collect(policy *v1alpha1.ProgressSyncPolicy, out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, label string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, policy.Namespace, policy.Name, label)
	}
	for _, condition := range policy.Status.Conditions {
		gauge(m.conditions, conditionValue(condition.Status), condition.Type)
	}
	s := policy.Status.Sidecars
	for state, n := range map[string]int32{
		"matched": s.Matched, "injected": s.Injected, "ready": s.Ready, "failing": s.Failing, "configured": s.Configured,
		"outdated": s.Outdated, "unreachable": s.Unreachable, "refused": s.Refused,
		"opted_out": s.OptedOut, "conflicting": s.Conflicting, "refusing": s.Refusing,
	} {
		gauge(m.pods, float64(n), state)
	}
	r := policy.Status.Records
	gauge(m.records, float64(r.Pending), "pending")
	gauge(m.records, float64(r.Parked), "parked")
	gauge(m.records, float64(r.DeadLetters), "dead_letters")
	for fate, n := range map[string]int64{"lost": r.Unsaved.Lost, "on_claim": r.Unsaved.OnClaim, "unknown": r.Unsaved.Unknown} {
		out <- prometheus.MustNewConstMetric(m.unsaved, prometheus.CounterValue, float64(n), policy.Namespace, policy.Name, fate)
	}
}

func conditionValue(status metav1.ConditionStatus) float64 {
	switch status {
	case metav1.ConditionTrue:
		return 1
	case metav1.ConditionFalse:
		return 0
	default:
		return -1
	}
}
