package main

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

// packageGap is between two posts of the browser package.
const packageGap = 30 * time.Second

// traffic are bytes of the same lessons, both ways and with their heads: between pages
// and the service, and between that and the database.
type traffic struct{ pages, database float64 }

func (t traffic) all() float64 { return t.pages + t.database }

// payload compares what passes between pages and the database for the same lessons: a
// page that posts each heartbeat to an app that writes each, and one that gathers half a
// minute for a sidecar and asks for receipts. The hard case is the first page with the sidecar.
func payload(ctx context.Context, s *suite) error {
	interval := 3 * time.Minute / acceleration
	uri, err := s.database(ctx, "payload")
	if err != nil {
		return err
	}
	database, through, err := startMeter(ctx, uri)
	if err != nil {
		return err
	}
	defer database.close()
	ours, err := s.startSidecar(ctx, s.builds()[0], "payload", through, settings{interval: interval, batchSize: 500, maxPending: 100_000})
	if err != nil {
		return err
	}
	defer ours.Kill()
	direct, err := s.startAlternative(ctx, alternative.Direct, through)
	if err != nil {
		return err
	}
	defer direct.Kill()

	measure := func(address string, shape load.Shape, gap time.Duration, after func() error) (t traffic, err error) {
		pages, way, err := startMeter(ctx, "http://"+address)
		if err != nil {
			return t, err
		}
		defer pages.close()
		before := database.bytes.Load()
		rate := float64(heartbeatLearners) / gap.Seconds() * acceleration
		if err := paced(ctx, way[len("http://"):], shape, rate, windows*interval); err != nil {
			return t, err
		}
		if err := after(); err != nil {
			return t, err
		}
		return traffic{float64(pages.bytes.Load()), float64(database.bytes.Load() - before)}, nil
	}
	shape := func(path string) load.Shape {
		return load.Shape{Path: path, Items: 1, Set: load.WorkingSet{Learners: heartbeatLearners}}
	}
	asPackage := shape("/v1/progress")
	asPackage.Receipt = true
	sync := func() error { return ours.sync(ctx) }
	if err := sync(); err != nil {
		return err
	}
	gathered, err := measure(ours.Address, asPackage, packageGap, sync)
	if err != nil {
		return err
	}
	each, err := measure(ours.Address, shape("/v1/progress"), heartbeatGap, sync)
	if err != nil {
		return err
	}
	written, err := measure(direct.Address, shape("/"), heartbeatGap, func() error { return nil })
	if err != nil {
		return err
	}

	reduction := func(of func(traffic) float64, t traffic) float64 { return 100 * (1 - of(t)/of(written)) }
	for _, m := range []struct {
		what  string
		least float64
		of    func(traffic) float64
	}{
		{"from page to Postgres", 80, traffic.all},
		{"between page and service", 80, func(t traffic) float64 { return t.pages }},
		{"between service and Postgres", 95, func(t traffic) float64 { return t.database }},
	} {
		s.found(fmt.Sprintf("bytes %s, reduction; where pages still post each %s: %.0f %%", m.what, heartbeatGap, reduction(m.of, each)),
			report.Target{Bound: m.least, Unit: "%"},
			figures{{Name: "progress-sync", Unit: "%", Rounds: []float64{reduction(m.of, gathered)}}}, nil)
	}
	return nil
}
