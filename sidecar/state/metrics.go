package state

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

const namespace = "progress_sync"

// The values of the label outcome of batches_total.
const (
	outcomeSaved       = "saved"
	outcomeReplayed    = "replayed"
	outcomeSplit       = "split"
	outcomeQuarantined = "quarantined"
)

// The values of the label outcome of attempts.
const (
	outcomeSucceeded = "succeeded"
	outcomeFailed    = "failed"
)

// metrics are the counters that are moved as things happen. The gauges are read
// when they are asked for, by gauges.
type metrics struct {
	registry       *prometheus.Registry
	accepted       prometheus.Counter
	merged         prometheus.Counter
	duplicates     prometheus.Counter
	rejected       *prometheus.CounterVec
	bodies         []bodyBytes // by coding
	events         *prometheus.CounterVec
	rows           *prometheus.CounterVec
	records        prometheus.Counter
	batches        *prometheus.CounterVec
	attempts       *prometheus.CounterVec
	roundTrips     *prometheus.HistogramVec
	retries        prometheus.Counter
	failures       *prometheus.CounterVec
	rewinds        prometheus.Counter
	missing        prometheus.Counter
	orphansWritten prometheus.Counter
	orphansFailed  prometheus.Counter
	saveLag        prometheus.Histogram
	journalSync    prometheus.Histogram
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}
}

func newMetrics(s *State) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		accepted: prometheus.NewCounter(counter("updates_accepted_total",
			"Updates that are on the sidecar's disk, each of which counts once among all sidecars: what waits for its home counts where it is merged.")),
		merged: prometheus.NewCounter(counter("updates_merged_total",
			"Accepted updates that were merged into a record which the sidecar held already.")),
		duplicates: prometheus.NewCounter(counter("updates_duplicate_total",
			"Updates that were acknowledged and not merged again, since one with the same event id had been accepted.")),
		rejected: prometheus.NewCounterVec(counter("updates_rejected_total",
			"Updates that were refused, by reason."), []string{"reason"}),
		events: prometheus.NewCounterVec(counter("standard_events_total",
			"Events that were accepted in the form of a standard, by what became of them: an update, nothing since they say nothing of progress, "+
				"or nothing since they take another one back."), []string{"standard", "outcome"}),
		rows: prometheus.NewCounterVec(counter("rows_written_total",
			"Rows inserted or really changed in the database, by what they were written for: saved, or replayed after a failover."),
			[]string{"outcome"}),
		records: prometheus.NewCounter(counter("records_saved_total",
			"Records of the batches that were saved.")),
		batches: prometheus.NewCounterVec(counter("batches_total",
			"Batches by outcome: saved, replayed after a failover, split or quarantined for their data."), []string{"outcome"}),
		attempts: prometheus.NewCounterVec(counter("write_attempts_total",
			"Attempts to write batches, by outcome; those that failed may not have got as far as sending any. One that is repeated counts again."),
			[]string{"outcome"}),
		roundTrips: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "database_round_trip_seconds",
			Help:    "Time that one attempt to write batches took from sending them to its answer or failure.",
			Buckets: prometheus.ExponentialBuckets(1e-3, 2, 17),
		}, []string{"outcome"}),
		retries: prometheus.NewCounter(counter("retries_total",
			"Attempts to use the database that followed a failed one.")),
		failures: prometheus.NewCounterVec(counter("attempt_failures_total",
			"Attempts to use the database that failed, by class of the failure."), []string{"class"}),
		rewinds: prometheus.NewCounter(counter("rewinds_total",
			"Times that the database was found behind what had been saved in it, counted per lane.")),
		missing: prometheus.NewCounter(counter("batches_missing_total",
			"Saved batches, at most, that the database lost and the spool no longer held.")),
		orphansWritten: prometheus.NewCounter(counter("spools_adopted_total",
			"Spools of gone pods that this sidecar wrote to the database and removed.")),
		orphansFailed: prometheus.NewCounter(counter("spool_adoption_failures_total",
			"Attempts to write the spool of a gone pod that failed and are repeated.")),
		saveLag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "save_lag_seconds",
			Help:    "Time from the acceptance of a record's first unsaved update until the record was saved; where that moment is not known, from that of the batch's oldest.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 15, 30, 60, 120, 180, 240, 300, 600, 1800, 3600, 14400},
		}),
		journalSync: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "journal_sync_seconds",
			Help:    "Time that one sync of the journal to disk took.",
			Buckets: prometheus.ExponentialBuckets(50e-6, 2, 16),
		}),
	}
	for _, outcome := range []string{outcomeSaved, outcomeReplayed, outcomeSplit, outcomeQuarantined} {
		m.batches.WithLabelValues(outcome)
	}
	for _, outcome := range []string{outcomeSaved, outcomeReplayed} {
		m.rows.WithLabelValues(outcome)
	}
	for _, outcome := range []string{outcomeSucceeded, outcomeFailed} {
		m.attempts.WithLabelValues(outcome)
		m.roundTrips.WithLabelValues(outcome)
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels name the running program.",
		ConstLabels: prometheus.Labels{"version": s.version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.countBodies()
	m.registry.MustRegister(
		m.accepted, m.merged, m.duplicates, m.rejected, m.events, m.rows, m.records, m.batches, m.attempts, m.retries, m.failures,
		m.rewinds, m.missing, m.orphansWritten, m.orphansFailed,
		m.saveLag, m.roundTrips, m.journalSync, build, newGauges(s), newByClass(s), newByVariant(s),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// bodyBytes counts what bodies of one content coding have.
type bodyBytes struct{ sent, unpacked prometheus.Counter }

func (m *metrics) countBodies() {
	sent := prometheus.NewCounterVec(counter("body_bytes_total",
		"Bytes of the bodies of updates as they were sent, by content coding."), []string{"coding"})
	unpacked := prometheus.NewCounterVec(counter("body_unpacked_bytes_total",
		"Bytes of the same bodies unpacked."), []string{"coding"})
	for _, c := range coding.All() {
		m.bodies = append(m.bodies, bodyBytes{sent.WithLabelValues(c.String()), unpacked.WithLabelValues(c.String())})
	}
	m.registry.MustRegister(sent, unpacked)
}

// Registerer takes the metrics of other packages into /metrics.
func (s *State) Registerer() prometheus.Registerer { return s.metrics.registry }

// Gatherer has all metrics of the sidecar.
func (s *State) Gatherer() prometheus.Gatherer { return s.metrics.registry }

// gauges reads the state once per scrape, so that its values fit together.
type gauges struct {
	state *State
	list  []gauge
}

type gauge struct {
	desc  *prometheus.Desc
	value func(*State, view) (float64, bool)
}

func newGauges(s *State) *gauges {
	g := &gauges{state: s}
	add := func(name, help string, value func(*State, view) (float64, bool)) {
		desc := prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, nil, nil)
		g.list = append(g.list, gauge{desc, value})
	}
	always := func(value func(view) float64) func(*State, view) (float64, bool) {
		return func(_ *State, v view) (float64, bool) { return value(v), true }
	}
	add("records_pending", "Records that wait for their window to end.",
		always(func(v view) float64 { return float64(v.stats.Pending) }))
	add("records_in_flight", "Records in batches that are not confirmed yet.",
		always(func(v view) float64 { return float64(v.stats.InFlight) }))
	add("updates_pending", "Updates that are accepted and not saved yet.",
		always(func(v view) float64 { return float64(v.stats.PendingUpdates) }))
	add("peers_strays", "Accepted updates that wait to be handed on to their learners' home, or at the home for what other sidecars know.",
		always(func(v view) float64 { return float64(v.stats.Strays) }))
	add("oldest_pending_age_seconds", "Age of the oldest update that is accepted and not saved, 0 without one.",
		func(s *State, v view) (float64, bool) { return v.oldestPending(s.now()).Seconds(), true })
	add("overdue_seconds", "By how much longer than its class explains the record waits that is late by most, 0 if none is late.",
		always(func(v view) float64 { return v.stats.Overdue.Seconds() }))
	add("breaker_open", "1 while the retries are used up and single probes go on.",
		always(func(v view) float64 { return flag(v.condition.Phase == flush.PhaseParked) }))
	add("needs_attention", "1 while nothing can be written until a person acts.",
		always(func(v view) float64 {
			return flag(v.diskFailed || v.condition.Phase == flush.PhaseHeld || v.condition.Phase == flush.PhaseStopped)
		}))
	add("dead_letters", "Records that the database refused and the sidecar keeps aside.",
		always(func(v view) float64 { return float64(v.stats.DeadLetters) }))
	add("erasures_pending", "Learners who are erased from the spool and still to be erased from the database.",
		func(s *State, v view) (float64, bool) { return float64(s.pendingErasures()), v.attached })
	add("erasures_failed", "Erasures of learners that the database refused when they were last tried, though it could be used; they are tried again.",
		always(func(v view) float64 { return float64(v.refusedErasures) }))
	add("spool_bytes", "Bytes that the spool takes on disk, with the room that its next checkpoint may need.",
		always(func(v view) float64 { return float64(v.stats.SpoolBytes) }))
	add("spool_limit_bytes", "Bytes that the spool may take on disk.",
		always(func(v view) float64 { return float64(v.stats.LimitBytes) }))
	add("config_generation", "Generation of the policy that the configuration in use was written from.",
		always(func(v view) float64 { return float64(v.config.Config.Policy.Generation) }))
	add("database_reachable", "1 if a session with the database could be had at the last contact; absent before the first.",
		func(_ *State, v view) (float64, bool) {
			r := v.condition.Reachable
			return flag(r != nil && *r), r != nil
		})
	add("adaptive_factor", "By which all intervals are stretched, or with Observe would be; absent while they are not adaptive.",
		adaptive(func(a status.Adaptive) float64 { return a.Factor }))
	add("adaptive_latency_seconds", "What 90 of a hundred single writes took at most, lately; absent while intervals are not adaptive.",
		adaptive(func(a status.Adaptive) float64 { return a.LatencySeconds }))
	add("event_streams", "Clients that GET /v1/sync/events serves.",
		func(s *State, _ view) (float64, bool) { return float64(s.streams.Load()), true })
	add("database_connections", "Open connections to the database.",
		func(_ *State, v view) (float64, bool) {
			if v.connections == nil {
				return 0, false
			}
			return float64(v.connections()), true
		})
	return g
}

// adaptive is absent where intervals are not.
func adaptive(value func(status.Adaptive) float64) func(*State, view) (float64, bool) {
	return func(s *State, _ view) (float64, bool) {
		now := s.adaptiveNow()
		if now == nil {
			return 0, false
		}
		return value(*now), true
	}
}

func (s *State) pendingErasures() int {
	s.mu.Lock()
	b := s.buffer
	s.mu.Unlock()
	if b == nil {
		return 0
	}
	return len(b.PendingErasures())
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, x := range g.list {
		out <- x.desc
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	v := g.state.view()
	for _, x := range g.list {
		if value, ok := x.value(g.state, v); ok {
			out <- prometheus.MustNewConstMetric(x.desc, prometheus.GaugeValue, value)
		}
	}
}
