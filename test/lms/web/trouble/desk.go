package trouble

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Database stops the database, or starts it again.
type Database func(ctx context.Context, up bool) error

// Desk keeps what is switched on. It is safe for concurrent use.
type Desk struct {
	database Database
	// delay of each request to the sidecar on a slow network.
	delay time.Duration
	// turning is held while a switch is turned, since the database takes a moment.
	turning sync.Mutex

	mu       sync.Mutex
	outage   bool
	sessions map[string]*session
}

type session struct {
	switches Switches
	// cut is closed when the session is cut off, and then another takes its place.
	cut chan struct{}
}

// New returns a desk at which all is well.
func New(database Database) *Desk {
	const delay = 2500 * time.Millisecond
	return &Desk{database: database, delay: delay, sessions: map[string]*session{}}
}

// Of is what a session has switched on.
func (d *Desk) Of(id string) Switches {
	switches, _ := d.read(id)
	return switches
}

// read returns as well what is closed when the session is cut off.
func (d *Desk) read(id string) (Switches, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.sessions[id]
	if at == nil {
		at = &session{cut: make(chan struct{})}
		// Requests without a session have no switches to keep.
		if id != "" {
			d.sessions[id] = at
		}
	}
	switches := at.switches
	switches.Outage = d.outage
	return switches, at.cut
}

// Turn turns a switch of a session, as Switches.With does, and returns when that
// is done.
func (d *Desk) Turn(ctx context.Context, id, name, value string) (Switches, error) {
	d.turning.Lock()
	defer d.turning.Unlock()
	before, _ := d.read(id)
	after, err := before.With(name, value)
	if err != nil {
		return before, err
	}
	if after.Outage != before.Outage {
		if err := d.database(ctx, !after.Outage); err != nil {
			return before, fmt.Errorf("turning the database off or on: %w", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outage = after.Outage
	at := d.sessions[id]
	if at == nil {
		return after, nil
	}
	at.switches = after
	if after.Offline || after.Expired != "" {
		close(at.cut)
		at.cut = make(chan struct{})
	}
	return after, nil
}
