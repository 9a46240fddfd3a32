package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/inject"
	"github.com/progress-sync/progress-sync/test/fault/world"
	"github.com/progress-sync/progress-sync/test/truth"
)

// Options of a run.
type Options struct {
	Seed uint64
	// Duration of the faults; starting, saving and comparing come on top.
	Duration time.Duration
	// Round is how long faults go on between two comparisons.
	Round time.Duration
	// Binary is the sidecar's program, Dir an empty folder.
	Binary, Dir string
	// All says that a fault that this machine can't have is a failure.
	All bool
	// Out gets a line a round and the report.
	Out io.Writer
}

const (
	sidecars = 2
	// A crash is over at once; other faults last less than this.
	longestCrash, longestFault = time.Nanosecond, 1500 * time.Millisecond
)

// suite is a run under way.
type suite struct {
	options   Options
	world     *world.World
	schedules []*schedule
	tally     *tally
	// saved are the rows of all rounds so far.
	saved map[rowOf]truth.Row
}

// ErrNotClean means that the report shows something that must not be.
var ErrNotClean = errors.New("the promises were not kept")

// Run runs a whole suite. The report is printed in any case.
func Run(ctx context.Context, options Options) (err error) {
	s := &suite{options: options, tally: newTally(options.Seed), saved: map[rowOf]truth.Row{}}
	began := time.Now()
	_, _ = fmt.Fprintf(options.Out, "seed %d\n", options.Seed)
	s.world, err = world.Start(ctx, world.Options{Binary: options.Binary, Dir: options.Dir, Sidecars: sidecars})
	if err != nil {
		return fmt.Errorf("starting sidecars and Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, s.world.Close()) }()
	err = s.run(ctx, began)
	s.tally.found(s.world.Findings()...)
	if options.All {
		err = errors.Join(err, s.tally.uninjected())
	}
	s.tally.found(err)
	s.tally.print(options.Out, time.Since(began))
	if err == nil && !s.tally.clean() {
		err = ErrNotClean
	}
	return err
}

func (s *suite) run(ctx context.Context, began time.Time) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	var spent time.Duration
	for number := 1; spent < s.options.Duration && ctx.Err() == nil && s.tally.clean(); number++ {
		long := min(s.options.Round, s.options.Duration-spent)
		r := s.newRound(number)
		if number == 1 {
			if err := s.tablesLate(ctx, r); err != nil {
				return err
			}
		}
		if err := r.run(ctx, long); err != nil {
			return err
		}
		r.say(s.options.Out, began)
		spent += long
	}
	return ctx.Err()
}

// prepare asks every fault whether it is possible here.
func (s *suite) prepare(ctx context.Context) error {
	var possible []inject.Fault
	for _, fault := range inject.All() {
		err := fault.Prepare(ctx, s.world)
		switch {
		case errors.Is(err, inject.ErrImpossible):
			s.tally.missing[fault.Name()] = err.Error()
		case err != nil:
			return fmt.Errorf("preparing %q: %w", fault.Name(), err)
		default:
			possible = append(possible, fault)
		}
	}
	s.schedules = []*schedule{
		newSchedule(s.options.Seed, 1, inject.Crashes(), longestCrash),
		newSchedule(s.options.Seed, 2, possible, longestFault),
	}
	return nil
}

// tablesLate lets updates come in before there is a table for them.
func (s *suite) tablesLate(ctx context.Context, r *round) error {
	s.tally.began("tables missing at the start, then created")
	for r.acknowledged() < 500 && wait(ctx, 10*time.Millisecond) {
		continue
	}
	if err := s.world.CreateTables(ctx); err != nil {
		_, failed := r.finish()
		return errors.Join(err, failed)
	}
	return nil
}
