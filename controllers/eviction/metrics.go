package eviction

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the evictions.
type Metrics struct {
	evictions *prometheus.CounterVec
}

// result of an attempt.
type result string

const (
	evicted  result = "evicted"
	heldBack result = "held_back"
	failed   result = "failed"
)

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{evictions: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "progress_sync_operator_evictions_total",
		Help: "Attempts to evict a pod without a sidecar, by result: evicted, held_back by a PodDisruptionBudget, failed.",
	}, []string{"result"})}
	for _, r := range []result{evicted, heldBack, failed} {
		m.evictions.WithLabelValues(string(r))
	}
	if err := registry.Register(m.evictions); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Metrics) count(r result) { m.evictions.WithLabelValues(string(r)).Inc() }
