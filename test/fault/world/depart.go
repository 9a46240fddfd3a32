package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// Depart asks a sidecar to end and leaves it down. It reports whether the process says
// that nothing is left in its spool; else it is started again, or was not asked since
// nobody else is there to take what it knows.
func (s *Sidecar) Depart() (bool, error) {
	over, ok := s.world.stops.begin(s)
	if !ok {
		return false, nil
	}
	defer over()
	if err := os.Remove(s.kit.File("termination-log")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("removing a termination log: %w", err)
	}
	s.want(false)
	ended := s.signal(syscall.SIGTERM, endPatience)
	if !ended && s.Kill() {
		s.world.found(fmt.Errorf("%s did not end within %s of SIGTERM", s.Name, endPatience))
	}
	s.mu.Lock()
	failed := s.ended
	s.mu.Unlock()
	words, err := s.kit.LastWords()
	ending, isOne := status.ParseEnding(words)
	if ended && failed == nil && err == nil && isOne && ending.Saved() && ending.DeadLetters == 0 {
		s.world.Trace.Printf("%s is gone for good", s.Name)
		return true, nil
	}
	s.world.Trace.Printf("%s is not gone for good: %v, %v: %s", s.Name, failed, err, words)
	s.want(true)
	return false, nil
}

// Arrive starts another sidecar in the place of one that has departed: at the same
// addresses, with an empty spool.
func (s *Sidecar) Arrive(ctx context.Context) error {
	if err := os.RemoveAll(s.Spool()); err != nil {
		return fmt.Errorf("removing a spool: %w", err)
	}
	s.want(true)
	return s.Await(ctx)
}

// Acquaint starts the sidecars that are peers again, which began without a registry, and
// returns when those of each service know each other. They are killed: one that is told
// to stop writes what waits for a home that nobody is yet, as the next one does (see
// stops).
func (w *World) Acquaint(ctx context.Context) error {
	for _, service := range []string{ThisVersion, OtherVersion} {
		members := w.Members(service)
		for _, s := range members {
			s.Kill()
		}
		for _, s := range members {
			err := wait.Until(ctx, patience, s.Name+" knows its peers", func(ctx context.Context) error {
				d, err := s.Document(ctx)
				if err != nil {
					return err
				}
				return wait.Unless(d.Peers != nil && d.Peers.Candidates == len(members), d.Peers)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
