package adaptive

import (
	"math"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

const target = 100 * time.Millisecond

var (
	start  = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	policy = Policy{Least: 0.5, Most: 4, Target: target, Window: time.Minute}
)

// unmoved is a chance that makes all windows as long as the policy says.
func unmoved() float64 { return 0.5 }

// clocked is a controller with a clock of its own.
type clocked struct {
	*Controller
	now time.Time
}

func newClocked() *clocked { return &clocked{New(policy, start, unmoved), start} }

// window lets a window pass in which so many writes take so long.
func (c *clocked) window(n int, took time.Duration) { c.windowOf(n, took, nil) }

func (c *clocked) windowOf(n int, took time.Duration, f *postgres.Failure) {
	for i := range n {
		at := c.now
		if i > 0 {
			at = at.Add(time.Second)
		}
		c.Wrote(at, took, f)
	}
	c.now = c.now.Add(policy.Window)
}

// judged is the factor once the last window has been judged.
func (c *clocked) judged() float64 {
	c.Wrote(c.now, 0, &postgres.Failure{SQLState: "08006"})
	return c.Factor()
}

func TestTheFactorFollowsTheDatabase(t *testing.T) {
	full := &postgres.Failure{SQLState: "53300"}
	for name, test := range map[string]struct {
		windows func(*clocked)
		want    float64
	}{
		"before anything was written it is as configured":         {func(*clocked) {}, 1},
		"a fast database is written to more often, step by step":  {func(c *clocked) { c.window(20, time.Millisecond) }, 1 / (1 + 1.75/3)},
		"a fast database is written to as often as allowed":       {func(c *clocked) { repeat(c, 5, 20, time.Millisecond) }, 0.5},
		"a slow one half as often":                                {func(c *clocked) { c.window(20, 2*target) }, 2},
		"one that stays slow as seldom as allowed":                {func(c *clocked) { repeat(c, 9, 20, 2*target) }, 4},
		"one that is near the target is left alone":               {func(c *clocked) { repeat(c, 9, 20, target*8/10) }, 1},
		"few writes are no reason to write more often":            {func(c *clocked) { repeat(c, 9, enough-1, time.Millisecond) }, 1},
		"no writes are no reason for anything":                    {func(c *clocked) { repeat(c, 9, 20, 2*target); c.now = c.now.Add(time.Hour) }, 4},
		"two slow writes are an accident":                         {func(c *clocked) { c.window(leastSlow-1, time.Hour) }, 1},
		"three are none where there are no others":                {func(c *clocked) { c.window(leastSlow, time.Hour) }, 2},
		"a database that has no room for a connection is loaded":  {func(c *clocked) { c.windowOf(3, time.Millisecond, full) }, 2},
		"one that can't be reached tells nothing about its load":  {func(c *clocked) { c.windowOf(9, 0, &postgres.Failure{SQLState: "08006"}) }, 1},
		"few fast writes are enough to go back to the configured": {func(c *clocked) { repeat(c, 4, 20, 2*target); repeat(c, 4, 2, time.Millisecond) }, 1},
		"where little is left to write nothing stays shortened":   {func(c *clocked) { repeat(c, 5, 20, time.Millisecond); c.window(scarce-1, time.Millisecond) }, 1},
		"a little less to write is no reason to lengthen again":   {func(c *clocked) { repeat(c, 5, 20, time.Millisecond); c.window(scarce, time.Millisecond) }, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClocked()
			test.windows(c)
			if got := c.judged(); math.Abs(got-test.want) > 1e-6 {
				t.Errorf("the factor is %v, want %v", got, test.want)
			}
		})
	}
}

func repeat(c *clocked, windows, n int, took time.Duration) {
	for range windows {
		c.window(n, took)
	}
}

func TestOneSlowWriteInTwentyIsNotThePercentile(t *testing.T) {
	c := newClocked()
	for range 19 {
		c.Wrote(c.now, time.Millisecond, nil)
	}
	c.Wrote(c.now, time.Minute, nil)
	c.now = c.now.Add(policy.Window)
	if got := c.judged(); got >= 1 {
		t.Errorf("the factor is %v: one accident in twenty keeps a database at rest from being written to sooner", got)
	}
	if got := c.Latency(); got != time.Millisecond {
		t.Errorf("90 of a hundred took at most %v, want 1ms", got)
	}
}

func TestFailuresOfLoad(t *testing.T) {
	for state, want := range map[string]bool{
		"53000": true, "53100": true, "53300": true, "55P03": true, "57014": true,
		"": false, "08006": false, "57P01": false, "40001": false, "23505": false, "55006": false,
	} {
		if got := OfLoad(&postgres.Failure{SQLState: state}); got != want {
			t.Errorf("SQLSTATE %q counts as load: %v, want %v", state, got, want)
		}
	}
}

func TestAFailedTryIsNotRepeatedAtOnce(t *testing.T) {
	// A database that bears the configured rate and no more; what a factor does is seen
	// one window later.
	c := newClocked()
	for range 10 {
		took := 10 * time.Millisecond
		if c.Factor() < 1 {
			took = 2 * target
		}
		c.window(20, took)
	}
	c.judged()
	if n := c.Reversals(); n > 2 {
		t.Errorf("%d reversals in ten minutes: learners see their saves come sooner and later by turns", n)
	}
	if f := c.Factor(); f < 1 || f > 2 {
		t.Errorf("the factor is %v; the database bears 1, and half as many writes is far enough from that", f)
	}
}

func TestADatabaseThatHasBecomeFasterIsTriedAtOnce(t *testing.T) {
	// Under pressure it bears the longest intervals only, and once that is over all.
	c := newClocked()
	pressed := func() time.Duration {
		if c.Factor() < 4 {
			return 2 * target
		}
		return target / 2
	}
	for range 8 {
		c.window(20, pressed())
	}
	repeat(c, 5, 20, 5*time.Millisecond)
	if got := c.judged(); got != 0.5 {
		t.Errorf("five windows after the pressure the factor is %v, want 0.5", got)
	}
}

func TestAPolicyBoundsTheFactorAtOnce(t *testing.T) {
	c := newClocked()
	repeat(c, 9, 20, 2*target)
	c.judged()
	c.SetPolicy(Policy{Least: 0.5, Most: 1.5, Target: target, Window: time.Minute})
	if got := c.Factor(); got != 1.5 {
		t.Errorf("the factor is %v, want at most 1.5", got)
	}
}

func TestPolicyOfAConfiguration(t *testing.T) {
	for name, test := range map[string]struct {
		adaptive config.Adaptive
		interval time.Duration
		want     Policy
	}{
		"with nothing but a mode": {config.Adaptive{}, 3 * time.Minute, Policy{0.5, 4, 100 * time.Millisecond, time.Minute}},
		"with bounds and a target": {
			config.Adaptive{MinInterval: config.Duration(time.Minute), MaxInterval: config.Duration(10 * time.Minute), TargetLatency: config.Duration(time.Second)},
			5 * time.Minute, Policy{0.2, 2, time.Second, time.Minute},
		},
		"of short intervals the window is a third": {config.Adaptive{}, 30 * time.Second, Policy{0.5, 4, 100 * time.Millisecond, 10 * time.Second}},
		"of the shortest it is a second":           {config.Adaptive{}, time.Second, Policy{0.5, 4, 100 * time.Millisecond, time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := PolicyOf(test.adaptive, test.interval); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestWhereMostIsSlowTheWindowEndsEarly(t *testing.T) {
	for name, test := range map[string]struct {
		took time.Duration
		n    int
		want float64
	}{
		"enough slow writes":            {2 * target, enough + 1, 2},
		"too few to be sure":            {2 * target, enough - 1, 1},
		"fast ones wait for their time": {time.Millisecond, enough + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(policy, start, unmoved)
			for range test.n {
				c.Wrote(start.Add(time.Second), test.took, nil)
			}
			c.Wrote(start.Add(policy.Window/3), test.took, nil)
			if got := c.Factor(); got != test.want {
				t.Errorf("after a third of the window the factor is %v, want %v", got, test.want)
			}
		})
	}
}
