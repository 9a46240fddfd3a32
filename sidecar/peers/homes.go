package peers

import (
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

// Told reports whether it is known who else there is: the registry has answered, or there
// is none for this sidecar, or it has no peers. Before that any other sidecar may be home
// to a learner, however long the wait.
func (p *Peers) Told() bool { return p.term.Load().told() }

func (t *term) told() bool {
	return t != nil && (t.roll == nil || t.set().Len() > 0 || t.first.denied.Load())
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
