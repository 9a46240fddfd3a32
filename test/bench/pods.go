package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

// podsTables are what the experiment found.
type podsTables struct {
	rows, hops report.Grid
	idle       []report.Finding
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

// section is the part of the page on pods, empty if nothing was found.
func (t podsTables) section() string {
	if len(t.rows.Lines) == 0 {
		return ""
	}
	return "## Many pods\n\n" + fmt.Sprintf("%d learners have a heartbeat each %s, with an interval of 3m (%d times faster, %d intervals); "+
		"then everything is written. The settings ran at the same time.\n\n", podsLearners, heartbeatGap, acceleration, windows) +
		t.rows.Markdown() +
		"\nHere each request goes to any pod but the learner's home, which hands it on, and in turn to the home itself: *handed on* to *at home*, and the ratio in bold. " +
		"All sidecars share the machine's cores.\n\n" +
		t.hops.Markdown() +
		fmt.Sprintf("\nThe targets of idle sidecars are their share of what %d may take together: %d statements and %d kB a second.\n\n",
			registrySidecars, registryStatements, registryBytes/1000) +
		report.Markdown(t.idle)
}
