package adaptive

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

func someLatency() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(3*target)).Draw(t, "took"))
	})
}

func somePolicy() *rapid.Generator[Policy] {
	return rapid.Custom(func(t *rapid.T) Policy {
		return Policy{
			Least: rapid.Float64Range(0.01, 1).Draw(t, "least"), Most: rapid.Float64Range(1, 100).Draw(t, "most"),
			Target: target, Window: rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(t, "window"),
		}
	})
}

// someRate is one that a controller has after windows of whatever writes.
func someRate(t *rapid.T, p Policy) rate {
	s, at := rate{now: 1}, start
	for range rapid.IntRange(0, 12).Draw(t, "windows") {
		s, at = s.after(someWindow(t).read(target), p, at), at.Add(p.Window)
	}
	return s
}

func someWindow(t *rapid.T) *window {
	w := &window{}
	usual := someLatency().Draw(t, "usual")
	for range rapid.IntRange(0, 25).Draw(t, "writes") {
		w.add(rapid.SampledFrom([]time.Duration{usual, usual, usual, someLatency().Draw(t, "other"), refused}).Draw(t, "write"))
	}
	return w
}

func TestTheFactorStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := somePolicy().Draw(t, "policy")
		c, at := New(p, start, func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "chance") }), start
		for range rapid.IntRange(0, 100).Draw(t, "writes") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(p.Window)).Draw(t, "pause")))
			f := rapid.SampledFrom([]*postgres.Failure{nil, nil, nil, {SQLState: "53300"}, {SQLState: "08006"}}).Draw(t, "failure")
			c.Wrote(at, someLatency().Draw(t, "took"), f)
			if rapid.IntRange(0, 20).Draw(t, "change") == 0 {
				p = somePolicy().Draw(t, "other policy")
				c.SetPolicy(p)
			}
			if factor := c.Factor(); factor < p.Least || factor > p.Most {
				t.Fatalf("the factor is %v, the bounds are %v and %v", factor, p.Least, p.Most)
			}
		}
	})
}

func TestAWorseDatabaseIsNeverWrittenToSooner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := somePolicy().Draw(t, "policy")
		s := someRate(t, p)
		better := someWindow(t)
		worse := &window{}
		for _, took := range better.samples {
			switch rapid.IntRange(0, 3).Draw(t, "worse") {
			case 0:
				took = refused
			case 1:
				took = max(took, someLatency().Draw(t, "slower"))
			}
			worse.add(took)
		}
		at := start.Add(time.Hour)
		if rapid.Bool().Draw(t, "soon") {
			at = start.Add(13 * p.Window)
		}
		of, ofWorse := s.after(better.read(target), p, at), s.after(worse.read(target), p, at)
		if ofWorse.now > of.now {
			t.Fatalf("from the rate %v a window of %v leads to %v, and the worse one of %v to %v", s.now, better.samples, of.now, worse.samples, ofWorse.now)
		}
	})
}

func TestFiveWindowsAfterPressureAllIsAsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := somePolicy().Draw(t, "policy")
		c, at := New(p, start, func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "chance") }), start
		run := func(windows float64, took time.Duration) {
			pause := p.Window / 20
			for range int(windows * 20) {
				at = at.Add(pause)
				c.Wrote(at, took, nil)
			}
		}
		run(7, time.Millisecond)
		rest := c.Factor()
		run(rapid.Float64Range(2.5, 12).Draw(t, "pressure"), 2*target)
		if p.Most > p.Least*1.01 && c.Factor() <= rest {
			t.Fatalf("under pressure the factor is %v, at rest %v", c.Factor(), rest)
		}
		run(5, time.Millisecond)
		if got := c.Factor(); got > rest+1e-9 {
			t.Fatalf("five windows after the pressure the factor is %v, before it %v", got, rest)
		}
	})
}
