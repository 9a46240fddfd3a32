package main

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

// reopening is the share of updates after which a learner opens the page again.
const reopening = 0.02

// syllabus of the demo: lectures of 45 to 90 minutes.
func syllabus() player.Syllabus {
	s := player.Usual()
	s.ShortestLesson, s.LongestLesson = 45*60, 90*60
	return s
}

// run lets the learners watch for the plan's time. They come in over one window, as
// people do, so that their windows don't all end at the same time.
func (p plan) run(ctx context.Context, learners *control.Client, progress func(context.Context) (totals, error)) error {
	err := learners.Start(ctx, control.Start{
		Pace: classroom.Pace{Syllabus: syllabus(), Factor: p.factor, Arrival: window.Seconds(), Reopen: reopening},
		Name: "learner", Count: p.learners, Seed: p.seed,
	})
	if err != nil {
		return fmt.Errorf("starting learners: %w", err)
	}
	begin := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for time.Since(begin) < p.watch {
		if _, err := progress(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	if _, err := learners.Stop(ctx); err != nil {
		return fmt.Errorf("stopping the learners: %w", err)
	}
	return nil
}
