package peers

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// firstAnswer is how long updates with event ids wait for the registry's first answer,
// each by itself on the disk, before this sidecar takes itself for their home: as long
// as the others remember a sidecar that was killed.
const firstAnswer = time.Minute

// homes say who is home to a learner; nil while that is not known. A sidecar that has
// just been started may have been sent what another one has taken without an answer,
// and would count it a second time if it took itself for the home.
func (p *Peers) homes() route.Homes {
	if set, known := p.term.Load().known(); known {
		return set
	}
	return nil
}

// startPatience is how long after the start of the process an update waits for the
// registry's first answer, which nearly always comes within a tenth of that. What is
// not handed on until then is not seen by a reader who asks another sidecar.
const startPatience = time.Second

// awaitHomes returns when it is known who is home to a learner, the patience is over,
// or ctx ends.
func (p *Peers) awaitHomes(ctx context.Context) {
	for p.homes() == nil {
		left := time.Until(p.began.Add(startPatience))
		if left <= 0 {
			return
		}
		again := time.NewTimer(min(left, startPatience/100))
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
	}
}

// first is the wait for the registry's first answer.
type first struct {
	roll.Observer
	began time.Time
	// denied says that the database answers, and that there is no registry for this
	// sidecar in it.
	denied atomic.Bool
}

func (f *first) isOverdue(now time.Time) bool {
	return f.denied.Load() || now.Sub(f.began) > firstAnswer
}

// NotEnrolled implements roll.Observer.
func (f *first) NotEnrolled(err error) {
	switch postgres.Classify(err).Class {
	case postgres.NoPrivilege, postgres.SchemaMissing, postgres.SchemaTooNew, postgres.Unsupported:
		f.denied.Store(true)
	default: // it may answer the next call
	}
	f.Observer.NotEnrolled(err)
}
