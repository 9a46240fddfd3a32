package webhookconfig

import (
	"sync"
	"time"
)

const (
	// debounce is how long events are gathered before the first of them is acted
	// on, since many come together.
	debounce = 50 * time.Millisecond
	// restPerEntry is the pause, for each entry of a configuration, before it is
	// applied again. Writing 500 entries takes the API server and etcd about
	// 1 MB each time; while many policies are created, they are written a few
	// times and not once for each.
	restPerEntry = 4 * time.Millisecond
	maxRest      = 3 * time.Second
)

// pace of the applies: a change that comes alone is applied at once, changes
// that come one after the other are gathered, the longer the larger the
// configuration is. Its zero value is ready; it may be used from several
// goroutines.
type pace struct {
	mu   sync.Mutex
	next map[string]time.Time
}

// wait is how long to wait before the configuration may be applied.
func (p *pace) wait(name string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.next[name].Sub(now), 0)
}

// applied tells that a configuration with so many entries was applied.
func (p *pace) applied(name string, entries int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = map[string]time.Time{}
	}
	p.next[name] = now.Add(min(time.Duration(entries)*restPerEntry, maxRest))
}
