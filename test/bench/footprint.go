package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/bench/report"
)

// pendingKeys of the memory and restart measurements.
const pendingKeys = 100_000

// usage are the figures of the footprint.
type usage struct{ idle, perKey, restart figures }

// footprint measures memory, idle and per pending key, the start after kill -9
// with a full spool, and the size of the binary.
func footprint(ctx context.Context, s *suite) error {
	u := usage{s.figures("MiB"), s.figures("B"), s.figures("s")}
	for round := range s.rounds {
		if err := s.footprintRound(ctx, round, u); err != nil {
			return err
		}
	}
	s.found("memory when idle (resident, after a first sync)", report.AtMost(20, "MiB"), u.idle, nil)
	s.found(fmt.Sprintf("live heap per pending key, at %d keys", pendingKeys), report.AtMost(600, "B"), u.perKey, nil)
	s.found(fmt.Sprintf("start after kill -9 with %d pending keys until an update is acknowledged", pendingKeys), report.AtMost(1, "s"), u.restart, nil)
	return s.binarySize()
}

func (s *suite) footprintRound(ctx context.Context, round int, u usage) error {
	sidecars, stop, err := s.startSidecars(ctx, fmt.Sprintf("footprint%d", round), settings{interval: 24 * time.Hour, batchSize: 10, maxPending: 2 * pendingKeys})
	defer stop()
	if err != nil {
		return err
	}
	for i, c := range sidecars {
		if err := c.footprint(ctx, i, u); err != nil {
			return err
		}
	}
	return nil
}

// footprint adds a round of the build with the given index.
func (c *product) footprint(ctx context.Context, build int, u usage) error {
	if err := c.sync(ctx); err != nil {
		return err
	}
	memory, err := c.Memory()
	if err != nil {
		return err
	}
	u.idle.add(build, float64(memory)/(1<<20))
	empty, err := c.liveHeap(ctx)
	if err != nil {
		return err
	}
	fill := load.Shape{Path: "/v1/progress", Items: fillItems, Set: load.WorkingSet{Learners: pendingKeys}, Minimal: true}
	if err := load.Fill(ctx, c.Address, fill, fillConnections); err != nil {
		return err
	}
	full, err := c.liveHeap(ctx)
	if err != nil {
		return err
	}
	u.perKey.add(build, (full-empty)/pendingKeys)

	c.Kill()
	start := time.Now()
	if err := c.start(ctx); err != nil {
		return err
	}
	one := load.Shape{Path: "/v1/progress", Items: 1, Set: load.WorkingSet{Learners: 1}, Minimal: true}
	if err := load.Fill(ctx, c.Address, one, 1); err != nil {
		return err
	}
	u.restart.add(build, time.Since(start).Seconds())
	return nil
}

// liveHeap is what a garbage collection leaves. Reading a profile of the heap
// can ask for one; the second takes what the first only set free for others,
// as pools do.
func (c *product) liveHeap(ctx context.Context) (float64, error) {
	for range 2 {
		if err := c.collect(ctx); err != nil {
			return 0, err
		}
	}
	return c.metric(ctx, "go_memstats_heap_alloc_bytes")
}

func (c *product) collect(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.pprof+"/debug/pprof/heap?gc=1", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for a garbage collection: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for a garbage collection: %s", response.Status)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("asking for a garbage collection: %w", err)
	}
	return nil
}

func (c *product) metric(ctx context.Context, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.sidecar.StatusURL("/metrics"), nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("reading the metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.Join(lines.Err(), fmt.Errorf("the sidecar has no metric %s", name))
}
