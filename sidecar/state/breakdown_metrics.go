package state

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// labelled collects the metrics that each class, or each variant, has one of. What the
// policy has no more is gone from them.
type labelled struct {
	read func() []part
	list []labelledMetric
}

// part is a class or a variant with what is known of it.
type part struct {
	name    string
	count   count
	pending int64
}

type labelledMetric struct {
	desc *prometheus.Desc
	of   func(*prometheus.Desc, part) prometheus.Metric
}

func newByClass(s *State) *labelled {
	l := &labelled{read: func() []part {
		counted, _, _ := s.breakdown.read()
		var parts []part
		for _, c := range s.classes(s.view()) {
			parts = append(parts, part{c.Name, counted[c.Name], c.PendingRecords})
		}
		return parts
	}}
	const label = "class"
	l.add("class_records_pending", label, "Records of a class of lessons that wait for their window to end.",
		value(prometheus.GaugeValue, func(p part) int64 { return p.pending }))
	l.add("class_records_saved_total", label, "Records of the batches that were saved, by class of lessons.",
		value(prometheus.CounterValue, func(p part) int64 { return p.count.records }))
	l.add("class_save_lag_seconds", label, "The same as save_lag_seconds, by class of lessons.",
		histogram(func(p part) lagSum { return p.count.saveLag }))
	l.add("final_lag_seconds", label,
		"Time from the last update of a record that then stayed silent for minutes until that update was saved, by class of lessons.",
		histogram(func(p part) lagSum { return p.count.finalLag }))
	return l
}

func newByVariant(s *State) *labelled {
	l := &labelled{read: func() []part {
		_, counted, _ := s.breakdown.read()
		var parts []part
		for name, c := range counted {
			parts = append(parts, part{name: name, count: c})
		}
		return parts
	}}
	const label = "variant"
	l.add("variant_learners", label, "Learners of an arm of whom an update was accepted, each once; no more are counted beyond 250,000 of all arms.",
		value(prometheus.GaugeValue, func(p part) int64 { return p.count.learners }))
	l.add("variant_updates_accepted_total", label, "Updates of an arm's learners that were accepted.",
		value(prometheus.CounterValue, func(p part) int64 { return p.count.updatesAccepted }))
	l.add("variant_updates_saved_total", label, "Updates of an arm's learners that were saved.",
		value(prometheus.CounterValue, func(p part) int64 { return p.count.updatesSaved }))
	l.add("variant_rows_written_total", label, "Rows written for an arm's learners: of each batch's rows the share of its records.",
		value(prometheus.CounterValue, func(p part) int64 { return p.count.rows }))
	l.add("variant_save_lag_seconds", label, "The same as save_lag_seconds, by arm.",
		histogram(func(p part) lagSum { return p.count.saveLag }))
	l.add("variant_final_lag_seconds", label, "The same as final_lag_seconds, by arm.",
		histogram(func(p part) lagSum { return p.count.finalLag }))
	return l
}

func (l *labelled) add(name, label, help string, of func(*prometheus.Desc, part) prometheus.Metric) {
	desc := prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, []string{label}, nil)
	l.list = append(l.list, labelledMetric{desc, of})
}

func value(kind prometheus.ValueType, of func(part) int64) func(*prometheus.Desc, part) prometheus.Metric {
	return func(d *prometheus.Desc, p part) prometheus.Metric {
		return prometheus.MustNewConstMetric(d, kind, float64(of(p)), p.name)
	}
}

func histogram(of func(part) lagSum) func(*prometheus.Desc, part) prometheus.Metric {
	return func(d *prometheus.Desc, p part) prometheus.Metric {
		lag := of(p)
		passed, buckets := uint64(0), map[float64]uint64{}
		for i, bound := range status.LagBounds() {
			if i < len(lag.Counts) {
				passed += uint64(lag.Counts[i])
			}
			buckets[bound] = passed
		}
		return prometheus.MustNewConstHistogram(d, uint64(lag.Records()), lag.sum, buckets, p.name)
	}
}

// Describe implements prometheus.Collector.
func (l *labelled) Describe(out chan<- *prometheus.Desc) {
	for _, m := range l.list {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (l *labelled) Collect(out chan<- prometheus.Metric) {
	for _, p := range l.read() {
		for _, m := range l.list {
			out <- m.of(m.desc, p)
		}
	}
}
