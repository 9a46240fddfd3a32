package main

import (
	"fmt"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

// insteadTargets are the ratios to reach with the easy working set against what
// teams run instead, by load.
var insteadTargets = map[string][3]float64{
	"an upsert per update":            {4, 4, 4},
	"stream processor, synchronous":   {2, 2, 5},
	"stream processor, memory buffer": {1.8, 1.8, 4},
	"stream processor, SQLite buffer": {2.5, 2.5, 20},
}

// maxCPU is the bound of the CPU time of an update over that of the decode-only
// server, with the easy working set and the first load.
const maxCPU = 2

func (s *suite) acknowledgeFindings(a *acknowledgement) {
	easy := a.ours[0][0]
	s.chart = append(s.chart, easy.rates[0], a.decode.rates[0])
	for _, c := range a.instead {
		s.chart = append(s.chart, c.rates[0])
	}
	s.grid.Reference = a.decode.name
	for _, set := range ackSets {
		s.grid.Cases = append(s.grid.Cases, set.name)
	}
	rate := func(c *contestant, load int) *report.Series { return &c.rates[load] }
	cpu := func(c *contestant, load int) *report.Series { return &c.cpu[load] }
	for i, l := range ackLoads {
		s.line(a, "acknowledged, "+l.name, i, rate, func(set int) report.Target { return report.AtLeast(ackSets[set].targets[i]) })
	}
	for i, l := range ackLoads {
		s.line(a, "CPU time an update, "+l.name, i, cpu, func(set int) report.Target {
			if i == 0 && set == 0 {
				return report.AtMost(maxCPU, "")
			}
			return report.Target{}
		})
	}
	for i, l := range ackLoads {
		for _, c := range a.instead {
			if targets, ok := insteadTargets[c.name]; ok {
				s.found(fmt.Sprintf("acknowledged, %s, %s, against %s", l.name, ackSets[0].name, c.name),
					report.AtLeast(targets[i]), figures{easy.rates[i]}, &c.rates[i])
			}
		}
	}
}

// line adds a setting with all working sets, and how the builds compare in each.
func (s *suite) line(
	a *acknowledgement, setting string, load int, of func(c *contestant, load int) *report.Series, target func(set int) report.Target,
) {
	line := report.Line{Setting: setting}
	for set, builds := range a.ours {
		line.Findings = append(line.Findings, report.Finding{
			Measured: setting, Target: target(set), Ours: *of(builds[0], load), Other: of(a.decode, load),
		})
		var ours figures
		for _, c := range builds {
			ours = append(ours, *of(c, load))
		}
		s.compared(setting+", "+ackSets[set].name, ours)
	}
	s.grid.Lines = append(s.grid.Lines, line)
}
