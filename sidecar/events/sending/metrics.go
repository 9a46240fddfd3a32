package sending

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

const namespace = "progress_sync"

func newTook(k Kind) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: k.Name() + "_request_seconds",
		Help:    "Time that " + k.Noun() + " took for an answer, or until it was given up.",
		Buckets: prometheus.ExponentialBuckets(1e-3, 2, 14),
	})
}

// described are the metrics that are read when they are asked for.
type described struct{ oldest, setAside, held, standing, delivered, requests *prometheus.Desc }

func describe(k Kind) described {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, k.Name(), name), help, labels, nil)
	}
	return described{
		oldest: desc("oldest_event_seconds",
			"Age of the oldest event for "+k.Noun()+" that is neither delivered nor set aside, of all lanes, as each sidecar last saw it; 0 if there is none."),
		setAside: desc("set_aside_events",
			"Events in the database that "+k.Noun()+" refused while it took others, as each sidecar last saw it."),
		held:      desc("lanes", "Lanes of events for "+k.Noun()+" that this sidecar sends."),
		standing:  desc("standing_lanes", "Lanes of events for "+k.Noun()+" that no sidecar sends, as each sidecar last saw it."),
		delivered: desc("delivered_total", "Events that "+k.Noun()+" took, those among them that were sent again."),
		requests:  desc("requests_total", "Requests to "+k.Noun()+", by outcome: taken, refused, denied, busy, gone, no_answer, unreachable.", "outcome"),
	}
}

// Metrics are what /metrics tells of the receiver: zeros while there is none.
func (s *Sender) Metrics() prometheus.Collector { return &collector{describe(s.kind), s} }

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
	for _, meaning := range []delivery.Meaning{
		delivery.Taken, delivery.Gone, delivery.Busy, delivery.Denied, delivery.Unreachable, delivery.Lost, delivery.Refused,
	} {
		label := outcome(meaning)
		out <- prometheus.MustNewConstMetric(d.requests, prometheus.CounterValue, float64(requests[label]), label)
	}
	s := c.sender.Status()
	if s == nil {
		s = &status.Sending{}
	}
	gauge := func(desc *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
	}
	gauge(d.oldest, s.OldestSeconds)
	gauge(d.setAside, float64(s.SetAside))
	gauge(d.held, float64(s.Held))
	gauge(d.standing, float64(s.Standing))
}
