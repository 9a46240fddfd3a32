package webhook

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

const namespace = "progress_sync"

func newTook() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "webhook_request_seconds",
		Help:    "Time that the receiver of the webhook took for an answer, or until it was given up.",
		Buckets: prometheus.ExponentialBuckets(1e-3, 2, 14),
	})
}

// described are the metrics that are read when they are asked for.
type described struct{ oldest, setAside, held, standing, delivered, requests *prometheus.Desc }

func describe() described {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	return described{
		oldest: desc("webhook_oldest_event_seconds",
			"Age of the oldest event that is neither delivered nor set aside, of all lanes, as each sidecar last saw it; 0 if there is none."),
		setAside: desc("webhook_set_aside_events",
			"Events in the database that the receiver refused while it took others, as each sidecar last saw it."),
		held:      desc("webhook_lanes", "Lanes of events that this sidecar sends."),
		standing:  desc("webhook_standing_lanes", "Lanes of events that no sidecar sends, as each sidecar last saw it."),
		delivered: desc("webhook_delivered_total", "Events that the receiver took, those among them that were sent again."),
		requests:  desc("webhook_requests_total", "Requests to the receiver, by outcome: taken, refused, busy, gone, no_answer, unreachable.", "outcome"),
	}
}

// Metrics are what /metrics tells of the webhook: zeros while there is none.
func (s *Sender) Metrics() prometheus.Collector { return &collector{describe(), s} }

type collector struct {
	desc   described
	sender *Sender
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	c.sender.told.took.Describe(out)
	d := c.desc
	for _, desc := range []*prometheus.Desc{d.oldest, d.setAside, d.held, d.standing, d.delivered, d.requests} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	t, d := c.sender.told, c.desc
	t.took.Collect(out)
	t.mu.Lock()
	requests, delivered := maps.Clone(t.requests), t.delivers
	t.mu.Unlock()
	out <- prometheus.MustNewConstMetric(d.delivered, prometheus.CounterValue, float64(delivered))
	for _, outcome := range []Meaning{Taken, Gone, Busy, Unreachable, Lost, Refused} {
		label := Answer{Meaning: outcome}.outcome()
		out <- prometheus.MustNewConstMetric(d.requests, prometheus.CounterValue, float64(requests[label]), label)
	}
	s := c.sender.Status()
	if s == nil {
		s = &status.Webhook{}
	}
	gauge := func(desc *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
	}
	gauge(d.oldest, s.OldestSeconds)
	gauge(d.setAside, float64(s.SetAside))
	gauge(d.held, float64(s.Held))
	gauge(d.standing, float64(s.Standing))
}
