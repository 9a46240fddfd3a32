package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	// Binary is the sidecar's program, OtherVersion one that speaks another version of
	// the protocol between sidecars, Dir an empty folder.
	Binary, OtherVersion, Dir string
	// Only leaves out the faults whose names it does not match, and Without those that it
	// does; nil leaves out none.
	Only, Without *regexp.Regexp
	// All says that a fault that this machine can't have is a failure, and in a run that
	// is long enough one that never happened.
	All bool
	// Out gets a line a round and the report.
	Out io.Writer
}

const (
	// A crash is over at once; other faults last less than this.
	longestCrash, longestFault, longestHop = time.Nanosecond, 1500 * time.Millisecond, 3 * time.Second
	// longEnough is a run in which every fault has to happen.
	longEnough = 75 * time.Second
)

// suite is a run under way.
type suite struct {
	options   Options
	world     *world.World
	schedules []*schedule
	tally     *tally
	// trace is a log of faults and of what they made learners send again.
	trace *log.Logger
	// saved are the rows of all rounds so far.
	saved map[rowOf]truth.Row
	// feeds read the events of each table.
	feeds map[string]*feed
}

// ErrNotClean means that the report shows something that must not be.
var ErrNotClean = errors.New("the promises were not kept")

// Run runs a whole suite. The report is printed in any case.
func Run(ctx context.Context, options Options) (err error) {
	s := &suite{options: options, tally: newTally(options.Seed), saved: map[rowOf]truth.Row{}, feeds: map[string]*feed{}}
	began := time.Now()
	_, _ = fmt.Fprintf(options.Out, "seed %d\n", options.Seed)
	file, err := os.Create(filepath.Join(options.Dir, "trace.log"))
	if err != nil {
		return fmt.Errorf("making the trace: %w", err)
	}
	defer file.Close()
	s.trace = log.New(file, "", log.LUTC|log.Lmicroseconds)
	s.world, err = world.Start(ctx, world.Options{
		Binary: options.Binary, OtherVersion: options.OtherVersion, Dir: options.Dir, Trace: s.trace,
	})
	if err != nil {
		return fmt.Errorf("starting sidecars and Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, s.world.Close()) }()
	for _, table := range world.Tables() {
		s.feeds[table] = newFeed(s.world, table)
	}
	err = s.run(ctx, began)
	s.tally.found(s.world.Findings()...)
	s.tally.passed(s.world.Network.Batches())
	if options.All {
		err = errors.Join(err, s.tally.uninjected(s.due()))
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
	for _, fault := range s.wanted(inject.All()) {
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
		newSchedule(s.options.Seed, 1, s.wanted(inject.Crashes()), longestCrash),
		newSchedule(s.options.Seed, 2, possible, longestFault),
		newSchedule(s.options.Seed, 3, s.wanted(inject.Hops()), longestHop),
		newSchedule(s.options.Seed, 4, s.wanted(inject.Receiving()), longestFault),
	}
	for _, schedule := range s.schedules {
		schedule.all = s.hasAll()
	}
	return nil
}

// hasAll reports whether every fault has to happen.
func (s *suite) hasAll() bool { return s.options.All && s.options.Duration >= longEnough }

// wanted are the faults that are not left out.
func (s *suite) wanted(faults []inject.Fault) []inject.Fault {
	only, without := s.options.Only, s.options.Without
	return slices.DeleteFunc(faults, func(f inject.Fault) bool {
		return only != nil && !only.MatchString(f.Name()) || without != nil && without.MatchString(f.Name())
	})
}

// due are the faults that must have happened by the end.
func (s *suite) due() (names []string) {
	if !s.hasAll() {
		return nil
	}
	for _, schedule := range s.schedules {
		for _, fault := range schedule.faults {
			names = append(names, fault.Name())
		}
	}
	return names
}

// tablesLate lets updates come in before there is a table for them.
func (s *suite) tablesLate(ctx context.Context, r *round) error {
	s.tally.began("tables missing at the start, then created")
	for r.acknowledged() < 500 && wait(ctx, 10*time.Millisecond) {
		continue
	}
	err := s.world.CreateTables(ctx)
	if err == nil {
		err = s.world.Acquaint(ctx)
	}
	if err != nil {
		_, failed := r.finish()
		return errors.Join(err, failed)
	}
	return nil
}
