package orphans

import (
	"context"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// write sends all that a spool holds to the database, and finishes its erasures.
// It returns the number of dead letters that are left in it.
func (d *Drainer) write(ctx context.Context, dir string) (deadLetters int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.o.Patience)
	defer cancel()
	keep, send := d.o.Policies()
	b, err := buffer.Open(buffer.Options{Dir: dir, Policy: keep, Import: d.o.Import})
	if err != nil {
		return 0, err
	}
	if err = d.letStraysGo(ctx, b); err == nil {
		err = d.flush(ctx, b, send)
	}
	deadLetters = b.Stats().DeadLetters
	if closing := b.Close(); closing != nil {
		err = errors.Join(err, fmt.Errorf("closing the spool: %w", closing))
	}
	return deadLetters, err
}

// flush runs a Flusher for the spool until nothing is left to write.
func (d *Drainer) flush(ctx context.Context, b *buffer.Buffer, p flush.Policy) error {
	f := flush.New(flush.Options{
		Buffer: b, Database: d.o.Database, Observer: batchesOnly{d.o.Observer}, Policy: p, Log: d.o.Log,
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()
	err := f.FinishErasures(ctx)
	// What the database refuses to erase keeps the spool, not its records.
	if _, refused := errors.AsType[*flush.ErasuresError](err); err == nil || refused {
		_, failed := f.Drain(ctx)
		err = errors.Join(err, failed)
	}
	stop()
	return errors.Join(err, <-ended)
}

// batchesOnly leaves out the condition of an orphan, which would pass for that of
// the sidecar's own spool.
type batchesOnly struct{ flush.Observer }

func (batchesOnly) ConditionChanged(flush.Condition) {}

func (batchesOnly) ErasuresRefused(int, *postgres.Failure) {}
