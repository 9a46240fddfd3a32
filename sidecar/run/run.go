package run

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/orphans"
)

// handingOver is how long others are told, when all is written, what this sidecar has
// merged, if they could not be reached before.
const handingOver = 3 * time.Second

// answering is how long requests under way may take once ctx has ended.
const answering = 2 * time.Second

// Run runs a sidecar until ctx ends, and drains it then. It returns nil after
// a drain, complete or not, since the spool keeps the rest. An error means that
// the process must be started again, or started otherwise.
func Run(ctx context.Context, o Options) error {
	// The collector works harder before the container's limit is reached.
	limit, unknown := memlimit.Set()
	s, err := open(ctx, o, limit)
	if err != nil {
		s.terminate(o, err.Error())
		return err
	}
	s.log.Info("Started", "version", o.Version, "api", s.servers[0].listener.Addr().String(),
		"status", s.servers[len(s.servers)-1].listener.Addr().String(), "memoryLimit", limit)
	if unknown != nil {
		s.log.Error(unknown, "The container's memory limit can't be read; set GOMEMLIMIT, or too much memory may be used")
	}
	line, err := s.run(ctx)
	if err != nil {
		line = err.Error()
	}
	if failure := s.close(); failure != nil && err == nil {
		err = failure
	}
	s.terminate(o, line)
	return err
}

// run returns the line for the termination log.
func (s *sidecar) run(ctx context.Context) (string, error) {
	work, stop := context.WithCancel(context.Background())
	defer stop()
	group, failed := errgroup.WithContext(work)
	group.Go(func() error { return s.flusher.Run(failed) })
	group.Go(func() error { return s.peers.Run(failed, s.handler) })
	group.Go(func() error { s.senders.run(failed); return nil })
	group.Go(func() error { s.watch(failed); return nil })
	group.Go(func() error { s.flushEarly(failed); return nil })
	group.Go(func() error { s.keeper.Run(failed); return nil })
	group.Go(func() error { s.state.KeepHistory(failed); return nil })
	if orphans.Possible(s.options.Spool) {
		// The grace period is for our own spool.
		alive, end := context.WithCancel(failed)
		defer context.AfterFunc(ctx, end)()
		group.Go(func() error { s.drainer(alive).Run(alive); return nil })
	}
	group.Go(func() error {
		select {
		case <-s.buffer.Failed():
			return fmt.Errorf("the spool's disk failed, restarting to read again what it holds: %w", s.buffer.Fault())
		case <-failed.Done():
			return nil
		}
	})
	for _, server := range s.servers {
		group.Go(server.serve)
	}

	var line string
	select {
	case <-ctx.Done():
		line = s.drain(failed)
	case <-failed.Done():
	}
	for _, server := range s.servers {
		now, cancel := context.WithCancel(failed)
		cancel()
		server.shutdown(now)
	}
	stop()
	return line, group.Wait()
}

// drain writes all that was accepted, as far as the grace period reaches.
func (s *sidecar) drain(ctx context.Context) string {
	s.deadline.begin()
	left := s.deadline.left()
	s.log.Info("Draining", "left", left.String())
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	s.state.SetRefusal("the sidecar is shutting down")
	s.handler.EndStreams()
	parting, parted := context.WithTimeout(ctx, min(answering, left/4))
	s.peers.Leave(parting)
	parted()
	closing, done := context.WithTimeout(ctx, min(answering, left/2))
	s.servers[0].shutdown(closing)
	done()
	erasing := make(chan error, 1)
	go func() { erasing <- s.flusher.DrainErasures(ctx) }()
	if err := s.bringStraysHome(ctx); err != nil {
		s.log.Error(err, "Updates that wait for their learners' homes stay in the spool")
	}
	remaining, err := s.flusher.Drain(ctx)
	telling, told := context.WithTimeout(ctx, handingOver)
	s.peers.AwaitLeft(telling, remaining == 0)
	told()
	return s.drained(remaining, err, <-erasing)
}

// bringStraysHome does with updates that wait for their learners' homes what can be done
// before the end. A spool that outlives its pod keeps the rest as it is: a home that was
// killed may have some of it.
func (s *sidecar) bringStraysHome(ctx context.Context) error {
	left, err := s.peers.BringStraysHome(ctx)
	if err != nil || !left || orphans.Possible(s.options.Spool) {
		return err
	}
	return s.peers.KeepStrays(ctx)
}

// terminate writes the line that kubelet shows as the container's message.
func (s *sidecar) terminate(o Options, line string) {
	if o.TerminationLog == "" {
		return
	}
	err := os.WriteFile(o.TerminationLog, []byte(line+"\n"), 0o600)
	if err != nil && s != nil {
		s.log.V(1).Info("The termination log can't be written", "error", err.Error())
	}
}
