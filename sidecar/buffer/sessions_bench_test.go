package buffer

import (
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/test/bench/viewing"
)

// BenchmarkSessions replays sessions and reports the share of them whose last update is
// saved within 10 and 30 seconds, and the rows written in percent of those of the fixed
// interval. One round each is enough, its results are the same each time.
func BenchmarkSessions(b *testing.B) {
	fixed := timing.Terms{Interval: 3 * time.Minute, Linger: 10 * time.Second, FlushOnComplete: true}
	quiet, hints, auto := fixed, fixed, fixed
	quiet.QuietPeriod = 20 * time.Second
	hints.LeaveGrace = 5 * time.Second
	auto.LeaveGrace, auto.AutoQuiet = hints.LeaveGrace, true
	autoOnly := auto
	autoOnly.LeaveGrace = 0
	patient := auto
	patient.LeaveGrace = 20 * time.Second
	for _, h := range []struct {
		name string
		viewing.Habits
	}{
		{"no-pauses", viewing.WatchThrough()},
		{"pauses/hint=none", viewing.PauseOften(viewing.Silent)},
		{"pauses/hint=20s", viewing.PauseOften(20 * time.Second)},
		{"pauses/hint=0s", viewing.PauseOften(0)},
	} {
		for _, every := range []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute} {
			sessions := viewing.Sessions(viewing.Options{Name: "learner", Count: 1000, Over: time.Hour, Every: every, Habits: h.Habits})
			var fixedRows int
			for _, way := range []struct {
				name  string
				terms timing.Terms
			}{{"fixed", fixed}, {"quiet20s", quiet}, {"hints", hints}, {"auto", autoOnly}, {"auto+hints", auto}, {"auto+hints20s", patient}} {
				b.Run(fmt.Sprintf("%s/heartbeat=%v/%s", h.name, every, way.name), func(b *testing.B) {
					for range b.N {
						rows, lags := replaySessions(b, sessions, way.terms)
						if way.name == "fixed" {
							fixedRows = rows
						}
						b.ReportMetric(0, "ns/op")
						b.ReportMetric(sharePercent(lags, 10*time.Second), "%in10s")
						b.ReportMetric(sharePercent(lags, 30*time.Second), "%in30s")
						b.ReportMetric(float64(rows)/float64(len(sessions)), "rows/session")
						if fixedRows > 0 {
							b.ReportMetric(100*float64(rows)/float64(fixedRows), "%rows")
						}
					}
				})
			}
		}
	}
}

// replaySessions returns how many rows were written, and how long the last update of each
// session took to its save.
func replaySessions(b *testing.B, sessions []viewing.Session, terms timing.Terms) (rows int, lags []time.Duration) {
	b.Helper()
	p := testPolicy()
	p.Terms, p.MaxPendingRecords = timing.Only(terms, 15*time.Second), 0
	r := newReplay(b, p)
	var moments []viewing.Moment
	last := map[progress.Key]time.Duration{}
	for i := range sessions {
		moments = append(moments, sessions[i].Moments...)
		last[sessions[i].Key] = sessions[i].Last
	}
	r.wrote = func(record *progress.Record, _, at time.Duration) {
		rows++
		if ended, missing := last[record.Key]; missing && at >= ended {
			lags = append(lags, at-ended)
			delete(last, record.Key)
		}
	}
	r.run(moments)
	if len(lags) != len(sessions) {
		b.Fatalf("%d of %d sessions were saved at their end", len(lags), len(sessions))
	}
	return rows, lags
}

func sharePercent(lags []time.Duration, within time.Duration) float64 {
	n := 0
	for _, lag := range lags {
		if lag <= within {
			n++
		}
	}
	return 100 * float64(n) / float64(len(lags))
}
