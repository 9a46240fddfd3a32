package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
	"github.com/progress-sync/progress-sync/test/bench/subject"
)

// defaults of the product.
var defaults = settings{interval: 3 * time.Minute, batchSize: 10, maxPending: 100_000}

// workingSet is a column of the acknowledgement table.
type workingSet struct {
	name string
	keys load.WorkingSet
	// hard has more keys than the buffer holds without writing, so that it is
	// filled before each measurement and emptied after it.
	hard bool
	// targets are the ratios to reach against the decode-only server, by load.
	targets [3]float64
}

// ackSets are the easy case first: what a pod of a small course does all day.
var ackSets = []workingSet{
	{name: "2,000 keys, none completed", keys: load.WorkingSet{Learners: 2000}, targets: [3]float64{0.65, 0.8, 0.7}},
	{
		name: "100,000 keys at random, 2 % completed", hard: true, targets: [3]float64{0.6, 0.65, 0.5},
		keys: load.WorkingSet{Learners: 10_000, Lessons: 10, Random: true, Completed: 0.02},
	},
}

// ackLoad is a setting of the acknowledgement table.
type ackLoad struct {
	name        string
	connections int
	items       int
}

var ackLoads = []ackLoad{
	{"single POST, 64 connections", 64, 1},
	{"single POST, 256 connections", 256, 1},
	{"arrays of 50, 64 connections", 64, 50},
}

// contestant of the acknowledgement load.
type contestant struct {
	name    string
	process *subject.Process
	path    string
	keys    load.WorkingSet
	// start, if set, runs the process for each measurement and no longer, since
	// one that answers early goes on working after it.
	start func(context.Context) (*subject.Process, error)
	// full, if set, is a sidecar that is filled before a measurement and emptied
	// after it.
	full *product
	// rates and CPU times of an accepted update, by load.
	rates, cpu []report.Series
}

func newContestant(name string, process *subject.Process, path string, keys load.WorkingSet) *contestant {
	c := &contestant{name: name, process: process, path: path, keys: keys}
	for range ackLoads {
		c.rates = append(c.rates, report.Series{Name: name, Unit: "updates/s"})
		c.cpu = append(c.cpu, report.Series{Name: name, Unit: "µs"})
	}
	return c
}

// acknowledgement are the contestants of one run.
type acknowledgement struct {
	ours    [][]*contestant // by working set, then by build
	decode  *contestant
	instead []*contestant // what teams run instead, and the limit of any server
}

func (a *acknowledgement) all() []*contestant {
	list := []*contestant{a.decode}
	for _, builds := range a.ours {
		list = append(list, builds...)
	}
	return append(list, a.instead...)
}

// acknowledge compares how many updates a second each contestant accepts, and
// what CPU time it takes for one.
func acknowledge(ctx context.Context, s *suite) error {
	var a acknowledgement
	for i, set := range ackSets {
		sidecars, stop, err := s.startSidecars(ctx, fmt.Sprintf("acknowledge%d", i), defaults)
		defer stop()
		if err != nil {
			return err
		}
		var builds []*contestant
		for j, c := range sidecars {
			one := newContestant(s.builds()[j].name, c.Process, "/v1/progress", set.keys)
			if set.hard {
				one.full = c
			}
			builds = append(builds, one)
		}
		a.ours = append(a.ours, builds)
	}
	stop, err := s.startInstead(ctx, &a)
	defer stop()
	if err != nil {
		return err
	}
	all := a.all()
	for round := range s.rounds {
		slices.Reverse(all) // so that nobody always follows the same one
		for i, l := range ackLoads {
			for _, c := range all {
				if err := s.acknowledgeOnce(ctx, c, round, i, l); err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, l.name, err)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "  round %d of %d\n", round+1, s.rounds)
	}
	s.acknowledgeFindings(&a)
	return nil
}

// startInstead starts the decode-only server, and the others unless builds are
// compared.
func (s *suite) startInstead(ctx context.Context, a *acknowledgement) (stop func(), err error) {
	var started []*subject.Process
	stop = func() {
		for _, p := range started {
			p.Kill()
		}
	}
	uri, err := s.database(ctx, "instead")
	if err != nil {
		return stop, err
	}
	for _, other := range []struct{ kind, name string }{
		{alternative.DecodeOnly, "decode only"},
		{alternative.ReadOnly, "read only"},
		{alternative.Direct, "an upsert per update"},
	} {
		if len(s.against) > 0 && other.kind != alternative.DecodeOnly {
			continue
		}
		process, err := s.startAlternative(ctx, other.kind, uri)
		if err != nil {
			return stop, err
		}
		started = append(started, process)
		c := newContestant(other.name, process, "/", ackSets[0].keys)
		if other.kind == alternative.DecodeOnly {
			a.decode = c
		} else {
			a.instead = append(a.instead, c)
		}
	}
	if len(s.against) == 0 {
		a.instead = append(a.instead, s.processors(uri)...)
	}
	return stop, nil
}

func (s *suite) acknowledgeOnce(ctx context.Context, c *contestant, round, i int, l ackLoad) error {
	shape := load.Shape{Path: c.path, Items: l.items, Set: c.keys, Minimal: true}
	shape.Set.Seed = uint64(round*len(ackLoads) + i)
	if c.start != nil {
		process, err := c.start(ctx)
		if err != nil {
			return err
		}
		c.process = process
		defer process.Kill()
	}
	if c.full != nil {
		fill := shape
		fill.Items = fillItems
		if err := load.Fill(ctx, c.process.Address, fill, fillConnections); err != nil {
			return err
		}
	}
	before, err := c.process.CPU()
	if err != nil {
		return err
	}
	result, err := load.Closed(ctx, load.Pod(c.process.Address), shape, l.connections, s.each)
	if err != nil {
		return err
	}
	after, err := c.process.CPU()
	if err != nil {
		return err
	}
	if result.Refused > 0 {
		return fmt.Errorf("%d updates were refused, %d accepted", result.Refused, result.Accepted)
	}
	c.rates[i].Rounds = append(c.rates[i].Rounds, result.Rate())
	c.cpu[i].Rounds = append(c.cpu[i].Rounds, float64((after-before).Microseconds())/float64(result.Accepted))
	if c.full != nil {
		return c.full.sync(ctx) // or it would write while others are measured
	}
	return nil
}
