package buffer

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// listener is told what a buffer counts by terms; see Options.
type listener struct {
	merged func(terms *timing.Terms, learner uint64)
	final  func(terms *timing.Terms, lag time.Duration)
}

// tellMerged tells of an update that was merged into e.
func (s *state) tellMerged(e *entry, p *Policy) {
	if s.listener.merged != nil && p.Terms.HasVariants() {
		s.listener.merged(e.terms, learnerhash.Of(e.record.UserID))
	}
}

// tellFinal tells of keys that have fallen silent.
func (s *state) tellFinal(lags []finalLag) {
	if s.listener.final == nil {
		return
	}
	for _, f := range lags {
		s.listener.final(f.terms, f.lag)
	}
}
