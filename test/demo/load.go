package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

// movers is which share of a pod's learners changes pods, at a third and at two
// thirds of the time.
const movers = 0.05

// syllabus of the demo: lectures of 45 to 90 minutes.
func syllabus() player.Syllabus {
	s := player.Usual()
	s.ShortestLesson, s.LongestLesson = 45*60, 90*60
	return s
}

// watching is what went on while the learners watched.
type watching struct {
	moved map[string]bool
}

// run lets the learners watch for the plan's time, half of them on each pod,
// and moves some to and fro. They come in over one window, as people do, so that
// their windows don't all end at the same time.
func (p plan) run(ctx context.Context, pods []*pod, progress func(context.Context) (totals, error)) (watching, error) {
	pace := classroom.Pace{Syllabus: syllabus(), Factor: p.factor}
	arriving := pace
	arriving.Arrival = window.Seconds()
	w := watching{moved: map[string]bool{}}
	here := make([][]string, len(pods))
	for i, pod := range pods {
		first, next := p.learners*i/len(pods), p.learners*(i+1)/len(pods)
		for n := first; n < next; n++ {
			here[i] = append(here[i], control.LearnerName("learner", n))
		}
		start := control.Start{Pace: arriving, Name: "learner", First: first, Count: next - first, Seed: p.seed}
		if err := pod.lms.Start(ctx, start); err != nil {
			return w, fmt.Errorf("starting learners on %s: %w", pod.name, err)
		}
	}
	begin := time.Now()
	moves := []time.Duration{p.watch / 3, 2 * p.watch / 3}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for elapsed := time.Duration(0); elapsed < p.watch; elapsed = time.Since(begin) {
		if len(moves) > 0 && elapsed >= moves[0] {
			moves = moves[1:]
			for i := range pods {
				if err := w.move(ctx, pace, pods[i], pods[(i+1)%len(pods)], &here[i]); err != nil {
					return w, err
				}
			}
		}
		if _, err := progress(ctx); err != nil {
			return w, err
		}
		select {
		case <-ctx.Done():
			return w, ctx.Err()
		case <-tick.C:
		}
	}
	return w, stopAll(ctx, pods)
}

// move takes some of the learners who began on a pod to the other one.
func (w *watching) move(ctx context.Context, pace classroom.Pace, from, to *pod, here *[]string) error {
	n := max(1, int(float64(len(*here))*movers))
	if n >= len(*here) {
		return nil
	}
	states, err := from.lms.Stop(ctx, (*here)[:n]...)
	if err != nil {
		return fmt.Errorf("taking learners from %s: %w", from.name, err)
	}
	*here = (*here)[n:]
	for _, s := range states {
		w.moved[s.Learner] = true
	}
	if err := to.lms.Start(ctx, control.Start{Pace: pace, Learners: states}); err != nil {
		return fmt.Errorf("bringing learners to %s: %w", to.name, err)
	}
	return nil
}

func stopAll(ctx context.Context, pods []*pod) error {
	var failures []error
	for _, pod := range pods {
		if _, err := pod.lms.Stop(ctx); err != nil {
			failures = append(failures, fmt.Errorf("stopping the learners of %s: %w", pod.name, err))
		}
	}
	return errors.Join(failures...)
}
