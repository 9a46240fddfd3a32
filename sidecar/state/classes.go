package state

import (
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// classes are how the records of each class fare, in the order of the policy, the
// default one last.
func (s *State) classes(view) []status.Class {
	counted, _, _ := s.breakdown.read()
	var list []status.Class
	for _, t := range s.breakdown.table.Load().All() {
		if n := len(list); n == 0 || list[n-1].Name != t.Class {
			of := counted[t.Class]
			list = append(list, status.Class{Name: t.Class, RecordsSaved: of.records, SaveLag: of.saveLag.Lag, FinalLag: of.finalLag.Lag})
		}
		last := &list[len(list)-1]
		last.IntervalSeconds = max(last.IntervalSeconds, t.Interval.Seconds())
	}
	return list
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
