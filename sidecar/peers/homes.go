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

// Told reports whether it is known who else there is: the registry has answered, or there
// is none for this sidecar, or it has no peers. Before that any other sidecar may be home
// to a learner, however long the wait.
func (p *Peers) Told() bool { return p.term.Load().told() }

// MayBeBehind reports whether this sidecar, which is asked as a learner's home, may not
// have all that the learner did.
func (p *Peers) MayBeBehind(userID string) bool {
	switch t := p.term.Load(); {
	case !t.told():
		return true
	case !t.hasPeers():
		return false
	default:
		v := t.handover.View()
		// Others may hear that this sidecar leaves before it sees that in the registry.
		return v.MayBeBehind(userID) || t.handover.IsLeaving() && !v.IsAlone()
	}
}

func (t *term) told() bool {
	return t != nil && (t.roll == nil || t.set().Len() > 0 || t.first.isInVain(time.Now()))
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
	// denied says that the database answers, and that it will never have a registry for
	// this sidecar. Rights and tables that are missing may be back in a moment.
	denied atomic.Bool
	// lacking says that rights or tables were missing at the last call.
	lacking atomic.Bool
}

func (f *first) isOverdue(now time.Time) bool {
	return f.denied.Load() || now.Sub(f.began) > firstAnswer
}

// isInVain reports whether there is no registry that could answer this sidecar.
func (f *first) isInVain(now time.Time) bool {
	return f.denied.Load() || f.lacking.Load() && f.isOverdue(now)
}

// NotEnrolled implements roll.Observer.
func (f *first) NotEnrolled(err error) {
	class := postgres.Classify(err).Class
	if class == postgres.SchemaTooNew || class == postgres.Unsupported {
		f.denied.Store(true)
	}
	f.lacking.Store(class == postgres.NoPrivilege || class == postgres.SchemaMissing)
	f.Observer.NotEnrolled(err)
}
