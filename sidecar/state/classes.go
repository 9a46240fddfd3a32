package state

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// classes are how the records of each class fare, in the order of the policy, the
// default one last.
func (s *State) classes(v view) []status.Class {
	counted, _, _ := s.breakdown.read()
	waiting := map[string]buffer.ClassStats{}
	for _, c := range v.stats.Classes {
		waiting[c.Class] = c
	}
	now := s.now()
	var list []status.Class
	for _, t := range s.breakdown.table.Load().All() {
		if n := len(list); n > 0 && list[n-1].Name == t.Class { // in another arm
			list[n-1].IntervalSeconds = max(list[n-1].IntervalSeconds, t.Interval.Seconds())
			continue
		}
		of, pending := counted[t.Class], waiting[t.Class]
		list = append(list, status.Class{
			Name: t.Class, IntervalSeconds: t.Interval.Seconds(),
			PendingRecords: pending.Pending, OldestPendingSeconds: age(pending.Oldest, now).Seconds(), NextSyncAt: v.nextOf(pending),
			RecordsSaved: of.records, SaveLag: of.saveLag.Lag, FinalLag: of.finalLag.Lag,
		})
	}
	for i := range list {
		if used := waiting[list[i].Name].Interval; used > 0 {
			list[i].IntervalSeconds = used.Seconds()
		}
	}
	return list
}

// nextOf is when the next write of a class is due, or tried again after a failure.
func (v view) nextOf(c buffer.ClassStats) *time.Time {
	if c.Pending > 0 && (v.condition.Phase != flush.PhaseWorking || v.diskFailed) {
		return v.next()
	}
	return instant(c.NextDue)
}

// variants are how the learners of each arm fare, in the order of the policy.
func (s *State) variants(v view) []status.Variant {
	_, counted, more := s.breakdown.read()
	var list []status.Variant
	for _, a := range v.config.Config.Variants.Arms {
		of := counted[a.Name]
		list = append(list, status.Variant{
			Name: a.Name, Weight: a.Weight, Learners: of.learners, MoreLearners: more,
			UpdatesAccepted: of.updatesAccepted, UpdatesSaved: of.updatesSaved, RowsWritten: of.rows,
			SaveLag: of.saveLag.Lag, FinalLag: of.finalLag.Lag,
		})
	}
	return list
}
