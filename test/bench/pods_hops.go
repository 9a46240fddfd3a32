package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

// podsDefaults are the defaults of a product with peers.
var podsDefaults = settings{interval: defaults.interval, batchSize: defaults.batchSize, maxPending: defaults.maxPending, peers: config.PeersAuto}

// hopCase is a column of the table of what it costs to hand on.
type hopCase struct {
	name string
	size int
	keys load.WorkingSet
	// hard has no targets: what it costs is told beside the easy case.
	hard bool
}

// hopCases are the easy case first. With 16 sidecars 240 pairs share the load, so that
// hardly two updates travel together.
var hopCases = []hopCase{
	{name: "2 sidecars, 2,000 keys", size: 2, keys: load.WorkingSet{Learners: heartbeatLearners}},
	{
		name: "16 sidecars, 100,000 keys at random, 2 % completed", size: 16, hard: true,
		keys: load.WorkingSet{Learners: 10_000, Lessons: 10, Random: true, Completed: 0.02},
	},
}

// Lines of the table, and places of a hopWay's figures.
const (
	hopP50 = iota
	hopP99
	hopOne
	hopRate
	hopCPU
	hopLines
)

// hopHeartbeats a second are those of heartbeatLearners with one each heartbeatGap.
const hopHeartbeats = 400

// hopMeasures are what was measured, by line, with the targets of the easy case.
var hopMeasures = [hopLines]struct {
	name, unit string
	target     report.Target
}{
	hopP50:  {fmt.Sprintf("p50 of an acknowledged POST, %d heartbeats/s", hopHeartbeats), "ms", report.AtMost(1.5, "")},
	hopP99:  {fmt.Sprintf("p99 of an acknowledged POST, %d heartbeats/s", hopHeartbeats), "ms", report.AtMost(1.5, "")},
	hopOne:  {"p50 of an acknowledged POST, 1 client", "ms", report.Target{}},
	hopRate: {fmt.Sprintf("acknowledged, single POST, %d clients", clientConnections), "updates/s", report.AtLeast(0.6)},
	hopCPU:  {fmt.Sprintf("CPU time an update of all sidecars, single POST, %d clients", clientConnections), "µs", report.Target{}},
}

// hopFleet is the fleet of one build in one case.
type hopFleet struct {
	*fleet
	// home has the requests go to the learner's home, and away to any other pod.
	home, away hopWay
}

// podsHops compares what updates cost that are handed on with what they cost at home.
func podsHops(ctx context.Context, s *suite) error {
	fleets := make([][]*hopFleet, len(hopCases)) // by case, then by build
	for i, c := range hopCases {
		for j, b := range s.builds() {
			f, stop, err := s.startFleet(ctx, b, fmt.Sprintf("hops%d_%d", c.size, j), c.size, podsDefaults)
			defer stop()
			if err != nil {
				return err
			}
			home, err := f.homes(ctx, c.keys.Learners)
			if err != nil {
				return err
			}
			fleets[i] = append(fleets[i], &hopFleet{
				fleet: f, home: newHopWay(load.PodOf(f.addresses(), home), "at home"),
				away: newHopWay(load.NotPodOf(f.addresses(), home), b.name),
			})
			fleets[i][j].away.handedOn = true
		}
	}
	for round := range s.rounds {
		for i, c := range hopCases {
			for turn := range fleets[i] {
				// No build always follows the same one.
				f := fleets[i][(turn+round)%len(fleets[i])]
				if err := s.hopRound(ctx, f, c, round); err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "  round %d of %d\n", round+1, s.rounds)
	}
	s.hopFindings(fleets)
	return nil
}

// hopRound adds a round to the ways of a fleet. They take turns in short slices, so that
// what else the machine does concerns both. It is an error if the updates of a way took
// another one.
func (s *suite) hopRound(ctx context.Context, f *hopFleet, c hopCase, round int) error {
	shape := load.Shape{Path: "/v1/progress", Items: 1, Set: c.keys, Minimal: true}
	ways := []*hopWay{&f.home, &f.away}
	measured := make([]hopMeasured, len(ways))
	for slice := range hopSlices {
		shape.Set.Seed = uint64(round*hopSlices + slice)
		for turn := range ways {
			i := (turn + slice + round) % len(ways) // neither always follows the other
			m, err := f.slice(ctx, ways[i], shape, s.each/hopSlices)
			if err != nil {
				return err
			}
			measured[i].add(m)
		}
	}
	for i, way := range ways {
		way.add(measured[i])
	}
	return nil
}

// hopSlices are those of a round.
const hopSlices = 3

// slice drives the fleet in one way.
func (f *hopFleet) slice(ctx context.Context, way *hopWay, shape load.Shape, lasting time.Duration) (m hopMeasured, err error) {
	before, err := f.hopCounts(ctx)
	if err != nil {
		return m, err
	}
	if m.heartbeats, err = load.Paced(ctx, way.service, shape, clientConnections, hopHeartbeats, lasting); err != nil {
		return m, err
	}
	if m.one, err = load.Closed(ctx, way.service, shape, 1, lasting/3); err != nil {
		return m, err
	}
	idle, err := f.cpu()
	if err != nil {
		return m, err
	}
	if m.full, err = load.Closed(ctx, way.service, shape, clientConnections, lasting); err != nil {
		return m, err
	}
	busy, err := f.cpu()
	if err != nil {
		return m, err
	}
	m.cpu = busy - idle
	after, err := f.hopCounts(ctx)
	if err != nil {
		return m, err
	}
	return m, way.check(before, after, m.heartbeats, m.one, m.full)
}

func (s *suite) hopFindings(fleets [][]*hopFleet) {
	var grid report.Grid
	for _, c := range hopCases {
		grid.Cases = append(grid.Cases, c.name)
	}
	for line, m := range hopMeasures {
		l := report.Line{Setting: m.name}
		for i, c := range hopCases {
			first := fleets[i][0]
			finding := report.Finding{Ours: first.away.figures[line], Other: &first.home.figures[line]}
			if !c.hard {
				finding.Target = m.target
			}
			l.Findings = append(l.Findings, finding)
			var ours figures
			for _, f := range fleets[i] {
				ours = append(ours, f.away.figures[line])
			}
			s.compared("handed on, "+m.name+", "+c.name, ours)
		}
		grid.Lines = append(grid.Lines, l)
	}
	s.pods.hops = grid
}
