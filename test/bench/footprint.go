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

// footprint measures memory, idle and per pending key, and the start after
// kill -9 with a full spool.
func footprint(ctx context.Context, s *suite) error {
	uri, err := s.database(ctx, "footprint")
	if err != nil {
		return err
	}
	ours := report.Series{Name: "progress-sync"}
	idle, perKey, restart := ours, ours, ours
	idle.Unit, perKey.Unit, restart.Unit = "MiB", "B", "s"
	for round := range s.rounds {
		c, err := s.startSidecar(ctx, fmt.Sprintf("footprint%d", round), uri, settings{interval: 24 * time.Hour, batchSize: 10, maxPending: 2 * pendingKeys})
		if err != nil {
			return err
		}
		if err := s.footprintOnce(ctx, c, &idle, &perKey, &restart); err != nil {
			c.Kill()
			return err
		}
		c.Kill()
	}
	s.found("memory when idle (resident, after a first sync)", report.AtMost(20, "MiB"), idle, nil)
	s.found(fmt.Sprintf("live heap per pending key, at %d keys", pendingKeys), report.AtMost(600, "B"), perKey, nil)
	s.found(fmt.Sprintf("start after kill -9 with %d pending keys until an update is acknowledged", pendingKeys), report.AtMost(1, "s"), restart, nil)
	return nil
}

func (s *suite) footprintOnce(ctx context.Context, c *sidecar, idle, perKey, restart *report.Series) error {
	if err := c.sync(ctx); err != nil {
		return err
	}
	memory, err := c.Memory()
	if err != nil {
		return err
	}
	idle.Rounds = append(idle.Rounds, float64(memory)/(1<<20))
	empty, err := c.liveHeap(ctx)
	if err != nil {
		return err
	}
	fill := load.Shape{Path: "/v1/progress", Items: fillItems, Learners: pendingKeys, Minimal: true}
	if err := load.Fill(ctx, c.Address, fill, fillConnections); err != nil {
		return err
	}
	full, err := c.liveHeap(ctx)
	if err != nil {
		return err
	}
	perKey.Rounds = append(perKey.Rounds, (full-empty)/pendingKeys)

	c.Kill()
	start := time.Now()
	if err := c.start(ctx); err != nil {
		return err
	}
	one := load.Shape{Path: "/v1/progress", Items: 1, Learners: 1, Minimal: true}
	if err := load.Fill(ctx, c.Address, one, 1); err != nil {
		return err
	}
	restart.Rounds = append(restart.Rounds, time.Since(start).Seconds())
	return nil
}

// liveHeap is what a garbage collection leaves. Reading a profile of the heap
// can ask for one; the second takes what the first only set free for others,
// as pools do.
func (c *sidecar) liveHeap(ctx context.Context) (float64, error) {
	for range 2 {
		if err := c.collect(ctx); err != nil {
			return 0, err
		}
	}
	return c.metric(ctx, "go_memstats_heap_alloc_bytes")
}

func (c *sidecar) collect(ctx context.Context) error {
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

func (c *sidecar) metric(ctx context.Context, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.admin+"/metrics", nil)
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
