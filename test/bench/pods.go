package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

// podsTables are what the experiment found; they are empty if it did not run.
type podsTables struct {
	rows, hops report.Grid
	idle       []report.Finding
	// slowest is how long the load took in the setting in which it took longest.
	slowest time.Duration
}

// pods measures an LMS in several pods: what it writes, wherever a learner's requests
// go, and what it costs to hand them on. What is written, and what idle sidecars ask of
// the registry, takes time and little else, so that all of that is measured at once.
func pods(ctx context.Context, s *suite) error {
	group, parallel := errgroup.WithContext(ctx)
	group.Go(func() error { return podsRows(parallel, s) })
	group.Go(func() error { return podsIdle(parallel, s) })
	if err := group.Wait(); err != nil {
		return err
	}
	return podsHops(ctx, s)
}

// page is the part of docs/benchmarks.md on pods.
func (t podsTables) page(machine string) string {
	return "## Many pods\n\n" +
		"Written by `make bench`; don't edit. An LMS runs in several pods, each with a sidecar. " + machine + "\n\n" +
		fmt.Sprintf("**What is written.** %d learners have a heartbeat each %s, with an interval of 3m (%d times faster, %d intervals; sidecars call the registry as often as ever). "+
			"Then everything is written, and what is in the database is compared with what was accepted. All settings ran at the same time, and the heartbeats of %s took %s at most: where they are late, more rows are written.\n\n",
			podsLearners, heartbeatGap, podsAcceleration, windows, podsLasting, t.slowest.Round(time.Second/10)) +
		t.rows.Markdown() +
		"\n**What it costs to hand on.** Each request goes to any pod but the learner's home, and in turn, a second each, to the home itself: the figure of the first *to* that of the second, " +
		"and in bold the median of the ratios of the rounds. All sidecars share the machine's cores.\n\n" +
		t.hops.Markdown() +
		fmt.Sprintf("\n**What the registry costs.** Nobody reports anything. Targets are the share of %d sidecars in what %d may take: %d statements and %d MB a second.\n\n",
			idleSidecars, registrySidecars, registryStatements, registryBytes/1_000_000) +
		report.Markdown(t.idle)
}
