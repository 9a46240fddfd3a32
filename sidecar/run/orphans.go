package run

import (
	"context"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/orphans"
	"github.com/progress-sync/progress-sync/sidecar/spool/upgrade"
)

// drainer writes the spools that other pods have left beside ours.
func (s *sidecar) drainer(ctx context.Context) *orphans.Drainer {
	return orphans.New(orphans.Options{
		Spool:    s.options.Spool,
		Database: s.state.Timed(s.tracing.Database(s.db)),
		Observer: s.state,
		Counter:  s.state,
		Policies: func() (buffer.Policy, flush.Policy) {
			c := s.inUse()
			return bufferPolicy(c, s.memory, false), flush.PolicyOf(c)
		},
		// Where nobody hands on, they are written as they are found.
		Strays: s.buffer.PutStray,
		Import: upgrade.Import(ctx, s.imported),
		Log:    s.log.WithName("orphans"),
	})
}
