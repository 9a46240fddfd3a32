package buffer

import (
	"hash/maphash"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// silence is how long a key gets no update until what came last counts as final.
const silence = 5 * time.Minute

// rhythms is what a lane knows of keys that are not pending: how their updates came,
// and whether the last one is saved. A key is forgotten when it was silent for one to
// two times silence. Of two keys with the same hash the later one counts.
type rhythms struct {
	seed    maphash.Seed
	recent  map[uint64]rhythm
	before  map[uint64]rhythm
	rotated time.Duration // when recent was begun
}

// rhythm is that of a key, 40 bytes.
type rhythm struct {
	pace
	changed time.Duration // when the last update came
	terms   *timing.Terms
	// lag from the last update to its save; -1 until it is saved.
	lag time.Duration
}

// finalLag is that of a key which has fallen silent.
type finalLag struct {
	terms *timing.Terms
	lag   time.Duration
}

func newRhythms() rhythms {
	return rhythms{seed: maphash.MakeSeed(), recent: map[uint64]rhythm{}, before: map[uint64]rhythm{}}
}

func (r *rhythms) hash(key spool.Key) uint64 { return maphash.String(r.seed, string(key)) }

// take moves what is known of a key into its entry, which has just come.
func (r *rhythms) take(e *entry) {
	h := r.hash(e.key)
	known, found := r.recent[h]
	if found {
		delete(r.recent, h)
	} else if known, found = r.before[h]; found {
		delete(r.before, h)
	}
	if found {
		e.pace = known.pace
		e.pace.beat(e.changed - known.changed)
	}
}

// keep remembers an entry that is frozen at the given moment, of limit keys at most.
func (r *rhythms) keep(e *entry, at time.Duration, limit int) {
	p := e.pace
	if e.wasAskedFor(at) {
		p.asked = at
	}
	if len(r.recent)+len(r.before) < limit {
		r.recent[r.hash(e.key)] = rhythm{pace: p, changed: e.changed, terms: e.terms, lag: -1}
	}
}

// saved notes that what came last of a key, which is not pending, is saved. It returns
// false if nothing is known of the key.
func (r *rhythms) saved(key spool.Key, at time.Duration) bool {
	h := r.hash(key)
	for _, m := range [...]map[uint64]rhythm{r.recent, r.before} {
		if known, found := m[h]; found {
			known.lag = at - known.changed
			m[h] = known
			return true
		}
	}
	return false
}

// expire forgets keys that have been silent for long, and returns the lags of those
// that were saved. What is not saved by then is told when it is.
func (r *rhythms) expire(now time.Duration) (final []finalLag) {
	if now-r.rotated < silence {
		return nil
	}
	for _, known := range r.before {
		if known.lag >= 0 {
			final = append(final, finalLag{known.terms, known.lag})
		}
	}
	r.before, r.recent, r.rotated = r.recent, map[uint64]rhythm{}, now
	return final
}
