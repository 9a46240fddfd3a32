package adopt

import (
	"context"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// drain writes all that a spool holds, and finishes its erasures. It returns the
// number of dead letters that are left in it.
func (a *Adopter) drain(ctx context.Context, dir string) (deadLetters int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.o.Patience)
	defer cancel()
	held, writing := a.o.Policies()
	b, err := buffer.Open(buffer.Options{Dir: dir, Policy: held, Import: a.o.Import})
	if err != nil {
		return 0, err
	}
	err = a.write(ctx, b, writing)
	deadLetters = b.Stats().DeadLetters
	if closing := b.Close(); closing != nil {
		err = errors.Join(err, fmt.Errorf("closing the spool: %w", closing))
	}
	return deadLetters, err
}

// write runs a Flusher for the spool until nothing is left to write.
func (a *Adopter) write(ctx context.Context, b *buffer.Buffer, p flush.Policy) error {
	f := flush.New(flush.Options{
		Buffer: b, Database: a.o.Database, Observer: quiet{a.o.Observer}, Policy: p, Log: a.o.Log,
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

// quiet keeps the condition of another spool from passing for the sidecar's.
type quiet struct{ flush.Observer }

func (quiet) ConditionChanged(flush.Condition) {}

func (quiet) ErasuresRefused(int, *postgres.Failure) {}
