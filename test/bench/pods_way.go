package main

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

// hopWay is where requests go, and what was measured of them.
type hopWay struct {
	service  load.Service
	handedOn bool
	figures  [hopLines]report.Series
}

func newHopWay(service load.Service, name string) hopWay {
	w := hopWay{service: service}
	for line, m := range hopMeasures {
		w.figures[line] = report.Series{Name: name, Unit: m.unit}
	}
	return w
}

// hopMeasured is what the loads of one way have measured. cpu is what all sidecars have
// used during full.
type hopMeasured struct {
	heartbeats, one, full load.Result
	cpu                   time.Duration
}

func (m *hopMeasured) add(o hopMeasured) {
	m.heartbeats.Add(o.heartbeats)
	m.one.Add(o.one)
	m.full.Add(o.full)
	m.cpu += o.cpu
}

// add adds a round.
func (w *hopWay) add(m hopMeasured) {
	for line, value := range [hopLines]float64{
		hopP50:  milliseconds(m.heartbeats.Quantile(0.5)),
		hopP99:  milliseconds(m.heartbeats.Quantile(0.99)),
		hopOne:  milliseconds(m.one.Quantile(0.5)),
		hopRate: m.full.Rate(),
		hopCPU:  float64(m.cpu.Microseconds()) / float64(m.full.Accepted),
	} {
		w.figures[line].Rounds = append(w.figures[line].Rounds, value)
	}
}

// check returns an error if updates were refused, or not handed on although they should
// have been, or the other way round. One in a hundred may have had its home busy.
func (w *hopWay) check(before, after hopCounts, loads ...load.Result) error {
	var all load.Result
	for _, l := range loads {
		all.Accepted += l.Accepted
		all.Refused += l.Refused
	}
	var want int64
	if w.handedOn {
		want = all.Accepted
	}
	handedOn, kept := after.handedOn-before.handedOn, after.kept-before.kept
	if all.Refused > 0 || handedOn < want*99/100 || handedOn > want || kept > all.Accepted/100 {
		return fmt.Errorf("of %d updates %d were refused, %d handed on instead of %d, and %d kept by another than the home",
			all.Accepted+all.Refused, all.Refused, handedOn, want, kept)
	}
	return nil
}
