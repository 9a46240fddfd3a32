package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/inject"
	"github.com/progress-sync/progress-sync/test/fault/world"
)

// schedule is an endless row of faults, decided by its random numbers alone.
type schedule struct {
	faults []inject.Fault
	random *rand.Rand
	// A fault lasts less than longest.
	longest time.Duration
	// deck is what is left of the faults in random order, so that a short run
	// meets as many kinds as it can.
	deck []inject.Fault
	// all says that every fault has to happen, if it takes longer.
	all bool
	// dealt is how many were dealt so far.
	dealt int
}

// longestPause is between the end of a fault and the next.
const longestPause = 500 * time.Millisecond

// step is one fault to come.
type step struct {
	fault         inject.Fault
	pause, length time.Duration
	details       *rand.Rand
}

func newSchedule(seed, stream uint64, faults []inject.Fault, longest time.Duration) *schedule {
	return &schedule{faults: faults, random: rand.New(rand.NewPCG(seed, stream)), longest: longest}
}

func (s *schedule) next() step {
	if len(s.deck) == 0 {
		s.deck = append(s.deck, s.faults...)
		s.random.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
	}
	fault := s.deck[0]
	s.deck = s.deck[1:]
	s.dealt++
	return step{
		fault:   fault,
		pause:   time.Duration(s.random.Int64N(int64(longestPause))),
		length:  time.Duration(s.random.Int64N(int64(s.longest))),
		details: rand.New(rand.NewPCG(s.random.Uint64(), s.random.Uint64())),
	}
}

// run injects faults until ctx ends, and leaves none unhealed. If all have to happen,
// those that did not are over as soon as they can be.
func (s *schedule) run(ctx context.Context, w *world.World, t *tally) error {
	for len(s.faults) > 0 {
		step := s.next()
		if !wait(ctx, step.pause) && (!s.all || s.dealt > len(s.faults)) {
			return nil
		}
		name := step.fault.Name()
		t.began(name)
		w.Trace.Printf("%s: begins", name)
		// A fault that is under way is completed, and healed in any case.
		whole := context.WithoutCancel(ctx)
		err := step.fault.Inject(whole, w, step.details)
		if err == nil {
			wait(ctx, step.length)
		}
		w.Trace.Printf("%s: is healed", name)
		if healing := step.fault.Heal(whole, w); healing != nil && err == nil {
			err = healing
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.Trace.Printf("%s: is over", name)
	}
	return nil
}

// wait returns false if ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
