package identity

import (
	"slices"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

const (
	// Lifetime is how long a key is used for new connections.
	Lifetime = 24 * time.Hour
	// Settle is how long a key has to be registered before it is used: twice the
	// time within which all others ask the registry, so that none has to ask out of
	// turn for a key that it does not know.
	Settle = 45 * time.Second
)

// Identity is the keys of a process. Its methods may be called from several
// goroutines.
type Identity struct {
	mu sync.Mutex
	// used is the key of new connections.
	used *key
	// other is the key that follows it or the one before it, nil on the first day.
	other *key
	// registered is when the registry was first heard to have the key that follows;
	// zero while it was not, or where there is none.
	registered time.Time
}

// New makes the first key. It is used at once: a process that nobody knows has no
// other.
func New() (*Identity, error) {
	k, err := newKey(time.Now())
	if err != nil {
		return nil, err
	}
	return &Identity{used: k}, nil
}

// Fingerprints are those to register. A day after the key in use was made they
// include one of a new key.
func (i *Identity) Fingerprints() ([]members.Fingerprint, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.isRenewing() && time.Since(i.used.made) >= Lifetime {
		k, err := newKey(time.Now())
		if err != nil {
			return nil, err
		}
		i.other, i.registered = k, time.Time{}
	}
	if i.other == nil {
		return []members.Fingerprint{i.used.fingerprint}, nil
	}
	return []members.Fingerprint{i.used.fingerprint, i.other.fingerprint}, nil
}

// Registered tells that the registry has these keys. A new key that it has had for
// Settle is used from then on.
func (i *Identity) Registered(all []members.Fingerprint) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case !i.isRenewing() || !slices.Contains(all, i.other.fingerprint):
	case i.registered.IsZero():
		i.registered = time.Now()
	case time.Since(i.registered) >= Settle:
		i.used, i.other = i.other, i.used
	}
}

// isRenewing reports whether there is a key that follows the one in use.
func (i *Identity) isRenewing() bool { return i.other != nil && i.other.made.After(i.used.made) }

// Current is the fingerprint of the key of new connections. A connection that was
// made under another one should end: after a day more its key is unknown.
func (i *Identity) Current() members.Fingerprint { return i.current().fingerprint }

func (i *Identity) current() *key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.used
}
