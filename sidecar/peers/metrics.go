package peers

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

const namespace = "progress_sync"

// described are the metrics that are read from what is counted when they are asked
// for.
type described struct {
	members, candidates, handedOn, eventIDs, kept, refused *prometheus.Desc
}

func describe() *described {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	return &described{
		members: desc("peers_members",
			"Sidecars that write the same table, this one among them, as the registry last told; 0 until it is registered."),
		candidates: desc("peers_candidates",
			"Sidecars that may be the home of a learner, of the members 64 at most."),
		handedOn: desc("peers_handed_on_total",
			"Updates that another sidecar, their learners' home, accepted. They are counted as accepted there."),
		eventIDs: desc("peers_event_ids_handed_over_total",
			"Ids of events that this sidecar has merged and that other sidecars took when the homes of their learners changed."),
		kept: desc("peers_kept_locally_total",
			"Updates that did not get to their learners' home and that this sidecar accepted itself, by reason.", "reason"),
		refused: desc("peers_refused_total",
			"Connections and requests at the port for other sidecars that were refused, by reason.", "reason"),
	}
}

// newTook is how long batches take on their way.
func newTook() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "peers_hop_seconds",
		Help:    "Time that one batch took from here to its home's disk and back, with its repeats, or until it was given up.",
		Buckets: prometheus.ExponentialBuckets(100e-6, 2, 16),
	})
}

// Metrics are what /metrics tells of peers.
func (p *Peers) Metrics() prometheus.Collector {
	return &collector{desc: describe(), counts: p.counts, status: p.Status}
}

// collector reads the counts once per scrape.
type collector struct {
	desc   *described
	counts *counts
	status func() status.Peers
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	c.counts.took.Describe(out)
	d := c.desc
	for _, desc := range []*prometheus.Desc{d.members, d.candidates, d.handedOn, d.eventIDs, d.kept, d.refused} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	c.counts.took.Collect(out)
	s, d := c.status(), c.desc
	out <- prometheus.MustNewConstMetric(d.members, prometheus.GaugeValue, float64(s.Members))
	out <- prometheus.MustNewConstMetric(d.candidates, prometheus.GaugeValue, float64(s.Candidates))
	out <- prometheus.MustNewConstMetric(d.handedOn, prometheus.CounterValue, float64(s.HandedOn))
	out <- prometheus.MustNewConstMetric(d.eventIDs, prometheus.CounterValue, float64(c.counts.eventIDsHandedOver()))
	kept, refused := c.counts.byReason()
	for reason, n := range kept {
		out <- prometheus.MustNewConstMetric(d.kept, prometheus.CounterValue, float64(n), reason)
	}
	for reason, n := range refused {
		out <- prometheus.MustNewConstMetric(d.refused, prometheus.CounterValue, float64(n), reason)
	}
}
