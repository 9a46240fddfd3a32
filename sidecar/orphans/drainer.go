package orphans

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
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// Every is the time between two passes.
	Every = 3 * time.Minute
	// Grace is how long a spool must have been seen unused. A container that
	// crashes again and again is started every five minutes.
	Grace = 10 * time.Minute
	// Patience is the longest time that one spool is worked on before the next
	// has its turn.
	Patience = 10 * time.Minute
)

// Counter counts what becomes of orphans.
type Counter interface {
	// OrphanWritten counts one that was written and removed.
	OrphanWritten()
	// OrphanFailed counts an attempt that failed and is repeated.
	OrphanFailed()
}

// Options of a Drainer. Durations default to the constants above.
type Options struct {
	// Spool is the sidecar's own directory; its siblings may be orphans.
	Spool    string
	Database flush.Database
	// Observer hears of the batches of orphans, not of the condition of their
	// flushing.
	Observer flush.Observer
	Counter  Counter
	// Policies is called for each orphan.
	Policies func() (buffer.Policy, flush.Policy)
	// Strays takes updates that waited for their home on an orphan, each of which has
	// an event id, and returns when they are on a disk. A refusal of one with
	// buffer.ErrErased is final. nil has them written under the orphan's writer id.
	Strays func(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	// Import is that of buffer.Options.
	Import func(dir string) error
	Log    logr.Logger

	Every, Grace, Patience time.Duration
}

// Drainer writes and removes the orphans beside the sidecar's own spool. Its
// fields belong to the goroutine that calls Run.
type Drainer struct {
	o    Options
	root string
	// idle are the spools that were unused in the last pass, by name.
	idle map[string]idle
	// done are spools that hold nothing to write any more but must stay.
	done map[string]bool
}

// New makes a Drainer; it does no I/O.
func New(o Options) *Drainer {
	for d, fallback := range map[*time.Duration]time.Duration{&o.Every: Every, &o.Grace: Grace, &o.Patience: Patience} {
		if *d == 0 {
			*d = fallback
		}
	}
	return &Drainer{o: o, root: filepath.Dir(o.Spool), idle: map[string]idle{}, done: map[string]bool{}}
}

// Run makes a pass at once and then each Every, until ctx ends.
func (d *Drainer) Run(ctx context.Context) {
	tick := time.NewTicker(d.o.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		d.pass(ctx, time.Now())
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// pass drains the orphans one after the other.
func (d *Drainer) pass(ctx context.Context, now time.Time) {
	orphans, err := d.find(now)
	if err != nil {
		d.failed(err, d.root)
	}
	for _, name := range orphans {
		if ctx.Err() != nil {
			return
		}
		if err := d.drain(ctx, name); err != nil && ctx.Err() == nil {
			d.failed(err, name)
		}
	}
}

func (d *Drainer) failed(err error, spool string) {
	d.o.Counter.OrphanFailed()
	d.o.Log.Error(err, "A spool that its pod has left can't be written to the database now; it is tried again", "spool", spool)
}

// drain moves an orphan out of its pod's way, writes what it holds and removes it.
func (d *Drainer) drain(ctx context.Context, name string) error {
	delete(d.idle, name)
	from, to := filepath.Join(d.root, name), filepath.Join(d.root, movedName(name))
	err := os.Rename(from, to)
	if errors.Is(err, os.ErrNotExist) {
		return nil // another sidecar was faster
	}
	if err != nil {
		return fmt.Errorf("moving the spool: %w", err)
	}
	if inUse(to) {
		// Its pod has come back at this very moment. If it has made a new spool
		// already, this one is found again later.
		_ = os.Rename(to, from)
		return nil
	}
	left, err := d.write(ctx, to)
	switch {
	case err != nil:
		return err
	case left > 0:
		d.done[filepath.Base(to)] = true
		d.o.Log.Info("A spool that its pod has left is written, and stays for the records that the database refused",
			"spool", to, "deadLetters", left)
		return nil
	}
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("removing a spool that is written: %w", err)
	}
	d.o.Counter.OrphanWritten()
	d.o.Log.Info("Wrote what a spool held that its pod had left, and removed it", "spool", name)
	return nil
}
