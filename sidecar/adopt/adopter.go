package adopt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
)

const (
	// Every is the time between two looks.
	Every = 3 * time.Minute
	// Grace is how long a spool must have been seen unused. A container that
	// crashes again and again is started every five minutes.
	Grace = 10 * time.Minute
	// Patience is the longest time that one spool is worked on before the next
	// has its turn.
	Patience = 10 * time.Minute
)

// Counter counts what becomes of spools.
type Counter interface {
	SpoolAdopted()
	AdoptionFailed()
}

// Options of an Adopter. Durations default to the constants above.
type Options struct {
	// Spool is the sidecar's own directory; its siblings are looked at.
	Spool    string
	Database flush.Database
	// Observer hears of the batches of adopted spools, not of the condition of
	// their flushing.
	Observer flush.Observer
	Counter  Counter
	// Policies are asked for each spool.
	Policies func() (buffer.Policy, flush.Policy)
	// Import is that of buffer.Options.
	Import func(dir string) error
	Log    logr.Logger

	Every, Grace, Patience time.Duration
}

// Adopter looks after the spools beside the sidecar's own. Its fields belong to
// the goroutine that calls Run.
type Adopter struct {
	o    Options
	root string
	seen map[string]sighting
	// done are spools that hold nothing to write any more but must stay.
	done map[string]bool
}

// New makes an Adopter; it does no I/O.
func New(o Options) *Adopter {
	for d, fallback := range map[*time.Duration]time.Duration{&o.Every: Every, &o.Grace: Grace, &o.Patience: Patience} {
		if *d == 0 {
			*d = fallback
		}
	}
	return &Adopter{o: o, root: filepath.Dir(o.Spool), seen: map[string]sighting{}, done: map[string]bool{}}
}

// Run looks at once and then each Every, until ctx ends.
func (a *Adopter) Run(ctx context.Context) {
	tick := time.NewTicker(a.o.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		a.look(ctx, time.Now())
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// look adopts, one after the other, the spools that have been unused for the
// grace.
func (a *Adopter) look(ctx context.Context, now time.Time) {
	orphans, err := a.orphans(now)
	if err != nil {
		a.failed(err, a.root)
	}
	for _, name := range orphans {
		if ctx.Err() != nil {
			return
		}
		if err := a.adopt(ctx, name); err != nil && ctx.Err() == nil {
			a.failed(err, name)
		}
	}
}

func (a *Adopter) failed(err error, spool string) {
	a.o.Counter.AdoptionFailed()
	a.o.Log.Error(err, "A spool that its pod has left can't be written to the database now; it is tried again", "spool", spool)
}

// adopt moves a spool out of its pod's way, writes what it holds and removes it.
func (a *Adopter) adopt(ctx context.Context, name string) error {
	delete(a.seen, name)
	from, to := filepath.Join(a.root, name), filepath.Join(a.root, adoptedName(name))
	err := os.Rename(from, to)
	if errors.Is(err, os.ErrNotExist) {
		return nil // another sidecar was faster
	}
	if err != nil {
		return fmt.Errorf("moving the spool: %w", err)
	}
	if used(to) {
		// Its pod has come back at this very moment. If it has made a new spool
		// already, this one is found again later.
		_ = os.Rename(to, from)
		return nil
	}
	left, err := a.drain(ctx, to)
	switch {
	case err != nil:
		return err
	case left > 0:
		a.done[filepath.Base(to)] = true
		a.o.Log.Info("A spool that its pod has left is written, and stays for the records that the database refused",
			"spool", to, "deadLetters", left)
		return nil
	}
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("removing a spool that is written: %w", err)
	}
	a.o.Counter.SpoolAdopted()
	a.o.Log.Info("Wrote what a spool held that its pod had left, and removed it", "spool", name)
	return nil
}
