package adaptive

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// server has a queue: a write waits for all before it.
type server struct {
	free  time.Time
	quick time.Duration // of one write
}

func (s *server) write(at time.Time) time.Duration {
	if s.free.Before(at) {
		s.free = at
	}
	s.free = s.free.Add(s.quick)
	return s.free.Sub(at)
}

// pod writes once in so long, stretched.
type pod struct {
	*Controller
	due time.Time
}

const (
	pods  = 40
	every = 2 * time.Second
)

// simulate lets pods write to the server until the end, and tells of each second what
// they did.
type simulation struct {
	pods   []*pod
	server server
	now    time.Time
	random *rand.Rand
}

func newSimulation(seed uint64, quick time.Duration) *simulation {
	s := &simulation{server: server{quick: quick}, now: start, random: rand.New(rand.NewPCG(seed, 1))}
	for range pods {
		s.pods = append(s.pods, &pod{New(policy, start, s.random.Float64), start.Add(time.Duration(s.random.Float64() * float64(every)))})
	}
	return s
}

// run returns the writes a second and the reversals of the pod that had most.
func (s *simulation) run(d time.Duration) (rate float64, reversals int64) {
	before := make([]int64, len(s.pods))
	for i, p := range s.pods {
		before[i] = p.Reversals()
	}
	writes, end := 0, s.now.Add(d)
	for {
		next := s.pods[0]
		for _, p := range s.pods {
			if p.due.Before(next.due) {
				next = p
			}
		}
		if next.due.After(end) {
			break
		}
		s.now = next.due
		writes++
		// Poisson arrivals, as of learners.
		next.Wrote(s.now, s.server.write(s.now), nil)
		next.due = s.now.Add(time.Duration(s.random.ExpFloat64() * float64(every) * next.Factor()))
	}
	s.now = end
	for i, p := range s.pods {
		reversals = max(reversals, p.Reversals()-before[i])
	}
	return float64(writes) / d.Seconds(), reversals
}

// As many pods write to one server as it bears at the configured rate, at half of it,
// at twice. A fleet whose members move together, or that probes without end, would
// turn over and over, and its learners' saves would come sooner and later by turns.
func TestManyPodsBeforeOneServerComeToRest(t *testing.T) {
	configured := pods / every.Seconds()
	for name, capacity := range map[string]float64{
		"with ten times what it needs":                  10 * configured,
		"that bears one and a half of the configured":   1.5 * configured,
		"that just bears the configured rate":           1.1 * configured,
		"that bears three quarters of it":               0.75 * configured,
		"that bears less than the longest intervals do": 0.2 * configured,
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(5) {
				s := newSimulation(seed, time.Duration(float64(time.Second)/capacity))
				s.run(30 * time.Minute)
				rate, reversals := s.run(10 * time.Minute)
				t.Logf("seed %d: %.1f writes a second of %.1f, at most %d reversals a pod", seed, rate, capacity, reversals)
				if reversals > 2 {
					t.Errorf("seed %d: a pod turned %d times in ten steady minutes", seed, reversals)
				}
				if rate > capacity*1.02 && capacity > configured/policy.Most {
					t.Errorf("seed %d: %.1f writes a second, of which the server bears %.1f", seed, rate, capacity)
				}
			}
		})
	}
}

func TestPodsDoNotMoveTogether(t *testing.T) {
	s := newSimulation(1, time.Millisecond)
	s.run(30 * time.Second)
	moved := map[time.Duration]int{}
	for range 90 {
		before := make([]float64, len(s.pods))
		for i, p := range s.pods {
			before[i] = p.Factor()
		}
		s.run(time.Second)
		n := 0
		for i, p := range s.pods {
			if p.Factor() != before[i] {
				n++
			}
		}
		moved[s.now.Sub(start)] = n
	}
	most := 0
	for _, n := range moved {
		most = max(most, n)
	}
	if most > pods/2 {
		t.Errorf("%d of %d pods changed their intervals within one second", most, pods)
	}
}

func TestAFleetIsBackAfterAThrottle(t *testing.T) {
	configured := pods / every.Seconds()
	quick := time.Duration(float64(time.Second) / (10 * configured))
	s := newSimulation(1, quick)
	s.run(10 * time.Minute)
	s.server.quick = time.Duration(float64(time.Second) / (0.5 * configured))
	s.run(2 * time.Minute)
	throttled, _ := s.run(3 * time.Minute)
	if throttled > 0.6*configured {
		t.Errorf("%.1f writes a second under pressure, configured are %.1f, the server bears %.1f", throttled, configured, 0.5*configured)
	}
	s.server.quick, s.server.free = quick, s.now
	s.run(5 * policy.Window)
	for _, p := range s.pods {
		if math.Abs(p.Factor()-policy.Least) > 1e-9 {
			t.Errorf("five windows after the throttle a pod's factor is %v, want %v", p.Factor(), policy.Least)
		}
	}
}
