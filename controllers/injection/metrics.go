package injection

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the webhook.
type Metrics struct {
	seconds  prometheus.Histogram
	outcomes *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "progress_sync_operator_injection_seconds",
			Help:    "Time that the webhook took to answer for one pod.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5},
		}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "progress_sync_operator_injections_total",
			Help: "Pods that the webhook was asked about, by outcome: injected, already_injected, opted_out, refused, failed.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []Outcome{Injected, AlreadyInjected, OptedOut, Refused, failed} {
		m.outcomes.WithLabelValues(string(outcome))
	}
	for _, collector := range []prometheus.Collector{m.seconds, m.outcomes} {
		if err := registry.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) observe(outcome Outcome, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	m.outcomes.WithLabelValues(string(outcome)).Inc()
}
