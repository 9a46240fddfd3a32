package peers

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// settling is how long a learner's home before may have what the database lacks: until
// it has learned of the change, and has written it.
const settling = movedWithin + 2*time.Second

// former is a set in whose place another one came.
type former struct {
	members.Set
	until time.Time // when what its homes had is in the database
}

// formers are the sets that were there lately. It is a value: each change makes another
// one of it.
type formers []former

// after is what there is when another set has come in the place of s.
func (f formers) after(s members.Set, now time.Time) formers {
	recent := slices.DeleteFunc(slices.Clone(f), func(o former) bool { return !now.Before(o.until) })
	return append(recent, former{Set: s, until: now.Add(settling)})
}

// isBehind reports whether a sidecar that answers for a learner may lack what the
// learner did last: current has another home for them, or a recent set had.
//
// Before its first set a sidecar knew nobody, so that any of the others may have been
// the home.
func (f formers) isBehind(userID string, current members.Set, now time.Time) bool {
	if _, self := current.Home(userID); !self {
		return true
	}
	return slices.ContainsFunc(f, func(o former) bool {
		_, self := o.Home(userID)
		return now.Before(o.until) && (!self || o.Len() == 0 && !current.IsAlone())
	})
}

// MayBeBehind reports whether this sidecar, which is asked as a learner's home, may not
// have all that the learner did.
func (p *Peers) MayBeBehind(userID string) bool {
	t := p.term.Load()
	return !t.told() || t.hasPeers() && t.formers.Load().isBehind(userID, t.set(), time.Now())
}
