package sidecarstatus

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// maxNamed classes, and as many arms, of one policy are kept by name: more than it may
// have, and few enough for a sidecar that makes names up.
const maxNamed = 32

// Attempts to write, since the sidecars' starts.
type Attempts struct {
	All, Failed, RecordsSaved int64
	// PerMinute is the number of transactions a minute, those of each sidecar from its
	// start to its last one, so that it does not change by waiting.
	PerMinute float64
}

// Class is what sidecars say of a class of lessons.
type Class struct {
	// Interval in use, the longest.
	Interval       time.Duration
	Pending, Saved int64
	// Oldest is when the oldest pending record was accepted, zero if there is none.
	Oldest  time.Time
	SaveLag status.Lag
}

// Variant is what sidecars say of an arm.
type Variant struct {
	// Learners as all sidecars count them together, MostLearners as the one does that
	// counts most of all arms: where sidecars have no peers, several count a learner.
	Learners, MostLearners             int64
	Updates, UpdatesSaved, RowsWritten int64
	SaveLag, FinalLag                  status.Lag
}

// WriteReduction is that of Updates, of the arm.
func (v Variant) WriteReduction() string {
	return Updates{Received: v.UpdatesSaved, RowsWritten: v.RowsWritten}.WriteReduction()
}

// Adaptive is by how much sidecars stretch their intervals. It is zero while none does,
// or would.
type Adaptive struct {
	// Sidecars that say so.
	Sidecars             int
	MinFactor, MaxFactor float64
}

func (s *Summary) addAttempts(d *status.Document) {
	s.Attempts.All += count(d.Counters.Attempts)
	s.Attempts.Failed += min(count(d.Counters.FailedAttempts), count(d.Counters.Attempts))
	s.Attempts.RecordsSaved += count(d.Counters.RecordsSaved)
	if last := deref(d.Sync.LastSyncedAt); last.After(d.StartedAt) && !d.StartedAt.IsZero() {
		// A first transaction right after the start tells of no rate.
		minutes := max(1, last.Sub(d.StartedAt).Minutes())
		s.Attempts.PerMinute += float64(count(d.Counters.BatchesApplied)) / minutes
	}
}

func (s *Summary) addClasses(classes []status.Class, at time.Time) {
	for i := range classes {
		c := &classes[i]
		sum, known := s.Classes[c.Name]
		if !known && len(s.Classes) >= maxNamed {
			continue
		}
		sum.Interval = max(sum.Interval, seconds(c.IntervalSeconds))
		sum.Pending += count(c.PendingRecords)
		sum.Saved += count(c.RecordsSaved)
		if age := seconds(c.OldestPendingSeconds); c.PendingRecords > 0 && age > 0 {
			sum.Oldest = earlier(sum.Oldest, at.Add(-age))
		}
		sum.SaveLag = sum.SaveLag.Plus(sane(c.SaveLag))
		if s.Classes == nil {
			s.Classes = map[string]Class{}
		}
		s.Classes[c.Name] = sum
	}
}

func (s *Summary) addVariants(variants []status.Variant) {
	most := s.countsMost(variants)
	for i := range variants {
		v := &variants[i]
		sum, known := s.Variants[v.Name]
		if !known && len(s.Variants) >= maxNamed {
			continue
		}
		sum.Learners += count(v.Learners)
		if most {
			sum.MostLearners = count(v.Learners)
		}
		sum.Updates += count(v.UpdatesAccepted)
		sum.UpdatesSaved += count(v.UpdatesSaved)
		sum.RowsWritten += count(v.RowsWritten)
		sum.SaveLag = sum.SaveLag.Plus(sane(v.SaveLag))
		sum.FinalLag = sum.FinalLag.Plus(sane(v.FinalLag))
		if s.Variants == nil {
			s.Variants = map[string]Variant{}
		}
		s.Variants[v.Name] = sum
	}
}

// countsMost reports whether a sidecar counts more learners than each one before it.
func (s *Summary) countsMost(variants []status.Variant) bool {
	var all, most int64
	for i := range variants {
		all += count(variants[i].Learners)
	}
	for _, v := range s.Variants {
		most += v.MostLearners
	}
	return all > most
}

func (s *Summary) addAdaptive(a *status.Adaptive) {
	if a == nil || !(a.Factor > 0 && a.Factor < maxFactor) {
		return
	}
	if s.Adaptive.Sidecars == 0 {
		s.Adaptive.MinFactor = a.Factor
	}
	s.Adaptive.Sidecars++
	s.Adaptive.MinFactor = min(s.Adaptive.MinFactor, a.Factor)
	s.Adaptive.MaxFactor = max(s.Adaptive.MaxFactor, a.Factor)
}

// addLate keeps how late records are. A sidecar that names no classes does not say
// that, and only the age of its oldest record tells.
func (s *Summary) addLate(d *status.Document, oldest time.Time) {
	if len(d.Classes) == 0 {
		s.Records.OldestUntold = earlier(s.Records.OldestUntold, oldest)
		return
	}
	s.Records.Overdue = max(s.Records.Overdue, seconds(d.Sync.OverdueSeconds))
}

// maxFactor is beyond what bounds of intervals allow, 24h over 1s.
const maxFactor = 100_000

// seconds that a sidecar says, 0 for what can't be.
func seconds(s float64) time.Duration {
	if !(s > 0 && s < maxAge.Seconds()) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// sane is a lag without counts that can't be.
func sane(l status.Lag) status.Lag {
	counts := make([]int64, len(l.Counts))
	for i, n := range l.Counts {
		counts[i] = count(n)
	}
	if len(counts) != len(status.LagBounds())+1 {
		return status.Lag{}
	}
	return status.Lag{Counts: counts}
}
