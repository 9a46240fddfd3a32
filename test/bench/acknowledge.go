package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
	"github.com/progress-sync/progress-sync/test/bench/subject"
)

// activeLearners of the acknowledgement load; each has one lesson.
const activeLearners = 10_000

// defaults of the product.
var defaults = settings{interval: 3 * time.Minute, batchSize: 10, maxPending: 100_000}

// contestant of the acknowledgement load.
type contestant struct {
	name    string
	process *subject.Process
	path    string
	// start, if set, runs the process for each measurement and no longer, since
	// one that answers early goes on working after it.
	start func(context.Context) (*subject.Process, error)
	// results by load, and CPU time per accepted update of the first load.
	rates []report.Series
	cpu   report.Series
}

// ackLoad is one column of the acknowledgement table.
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

// acknowledge compares how many updates a second each contestant accepts.
func acknowledge(ctx context.Context, s *suite) error {
	uri, err := s.database(ctx, "acknowledge")
	if err != nil {
		return err
	}
	ours, err := s.startSidecar(ctx, "acknowledge", uri, defaults)
	if err != nil {
		return err
	}
	defer ours.Kill()
	contestants := []*contestant{{name: "progress-sync", process: ours.Process, path: "/v1/progress"}}
	for kind, name := range map[string]string{
		alternative.ReadOnly:   "read only",
		alternative.DecodeOnly: "decode only",
		alternative.Direct:     "an upsert per update",
	} {
		process, err := s.startAlternative(ctx, kind, uri)
		if err != nil {
			return err
		}
		defer process.Kill()
		contestants = append(contestants, &contestant{name: name, process: process, path: "/"})
	}
	contestants = append(contestants, s.processors(uri)...)

	for i := range contestants {
		contestants[i].rates = make([]report.Series, len(ackLoads))
	}
	for round := range s.rounds {
		for i, l := range ackLoads {
			for _, c := range contestants {
				if err := s.acknowledgeOnce(ctx, c, i, l); err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, l.name, err)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "  round %d of %d\n", round+1, s.rounds)
	}
	s.acknowledgeFindings(contestants)
	return nil
}

func (s *suite) acknowledgeOnce(ctx context.Context, c *contestant, i int, l ackLoad) error {
	shape := load.Shape{Path: c.path, Items: l.items, Learners: activeLearners, Minimal: true}
	if c.start != nil {
		process, err := c.start(ctx)
		if err != nil {
			return err
		}
		c.process = process
		defer process.Kill()
	}
	before, err := c.process.CPU()
	if err != nil {
		return err
	}
	result, err := load.Closed(ctx, c.process.Address, shape, l.connections, s.each)
	if err != nil {
		return err
	}
	if result.Refused > 0 {
		return fmt.Errorf("%d updates were refused, %d accepted", result.Refused, result.Accepted)
	}
	after, err := c.process.CPU()
	if err != nil {
		return err
	}
	c.rates[i].Name, c.rates[i].Unit = c.name, "updates/s"
	c.rates[i].Rounds = append(c.rates[i].Rounds, result.Rate())
	if i == 0 {
		c.cpu.Name, c.cpu.Unit = c.name, "µs"
		c.cpu.Rounds = append(c.cpu.Rounds, float64((after-before).Microseconds())/float64(result.Accepted))
	}
	return nil
}

// ackTargets are the ratios to reach against each contestant, by load.
var ackTargets = map[string][3]float64{
	"decode only":                     {0.65, 0.8, 0.7},
	"an upsert per update":            {4, 4, 4},
	"stream processor, synchronous":   {2, 2, 5},
	"stream processor, memory buffer": {1.8, 1.8, 4},
	"stream processor, SQLite buffer": {2.5, 2.5, 20},
}

func (s *suite) acknowledgeFindings(contestants []*contestant) {
	ours := contestants[0]
	for _, c := range contestants {
		s.chart = append(s.chart, c.rates[0])
	}
	for i, l := range ackLoads {
		for _, c := range contestants[1:] {
			if targets, ok := ackTargets[c.name]; ok {
				s.found("acknowledged, "+l.name+", against "+c.name, report.AtLeast(targets[i]), ours.rates[i], &c.rates[i])
			}
		}
	}
	for _, c := range contestants[1:] {
		if c.name == "decode only" {
			s.found("CPU time an acknowledged update, single POST, against decode only", report.AtMost(2, ""), ours.cpu, &c.cpu)
		}
	}
}
