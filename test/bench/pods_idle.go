package main

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

const (
	idleSidecars = 16
	// idleWindow holds three calls of each at the registry.
	idleWindow = time.Minute
	// registrySidecars together may make so many statements at the registry and move so
	// many bytes, each a second.
	registrySidecars   = 1000
	registryStatements = 60
	registryBytes      = 1_000_000
)

// podsIdle measures what sidecars that have nothing to write ask of the database, which
// is to tell them who there is.
func podsIdle(ctx context.Context, s *suite) error {
	uri, err := s.database(ctx, "pods_idle")
	if err != nil {
		return err
	}
	m, through, err := startMeter(ctx, uri)
	if err != nil {
		return err
	}
	defer m.close()
	f, stop, err := s.startFleetOn(ctx, s.builds()[0], "pods_idle", uri, through, idleSidecars, podsDefaults)
	defer stop()
	if err != nil {
		return err
	}
	time.Sleep(statisticsDelay) // and what a start costs is over
	before, err := counters(ctx, f.uri)
	if err != nil {
		return err
	}
	bytes, start := m.bytes.Load(), time.Now()
	time.Sleep(idleWindow)
	moved, elapsed := m.bytes.Load()-bytes, time.Since(start).Seconds()
	after, err := counters(ctx, f.uri)
	if err != nil {
		return err
	}
	found := func(measured, unit string, all int, value float64) {
		s.pods.idle = append(s.pods.idle, report.Finding{
			Measured: fmt.Sprintf("%s, %d idle sidecars in %s", measured, idleSidecars, idleWindow),
			Target:   report.AtMost(float64(all)*idleSidecars/registrySidecars, unit), Ours: report.Series{Unit: unit, Rounds: []float64{value}},
		})
	}
	found("statements at the registry", "/s", registryStatements, (after.enrolled-before.enrolled)/elapsed)
	found("bytes to and from Postgres", "B/s", registryBytes, float64(moved)/elapsed)
	return nil
}
