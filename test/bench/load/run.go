package load

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// patience is how long one answer may take before the run is given up.
const patience = 30 * time.Second

// Result is what a run measured. Latencies are of accepted requests, sorted.
type Result struct {
	Accepted  int64 // updates answered with a 2xx status
	Refused   int64 // updates answered with another status
	Elapsed   time.Duration
	Latencies []time.Duration
}

// Rate is the number of accepted updates a second.
func (r Result) Rate() float64 { return float64(r.Accepted) / r.Elapsed.Seconds() }

// Add adds what another run measured after this one.
func (r *Result) Add(o Result) {
	r.Accepted += o.Accepted
	r.Refused += o.Refused
	r.Elapsed += o.Elapsed
	r.Latencies = append(r.Latencies, o.Latencies...)
	slices.Sort(r.Latencies)
}

// Quantile of the latencies, q from 0 to 1.
func (r Result) Quantile(q float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	return r.Latencies[min(len(r.Latencies)-1, int(q*float64(len(r.Latencies))))]
}

// Closed drives a service with the given number of clients, each of which sends its
// next request when it has the answer to the last.
func Closed(ctx context.Context, service Service, shape Shape, clients int, lasting time.Duration) (Result, error) {
	return run(ctx, service, shape, clients, 0, lasting)
}

// Paced drives a service with a given rate of requests a second in all, evenly
// spread over the clients. Latency counts from the moment at which the request was
// due, so that a slow server cannot hide its queue.
func Paced(ctx context.Context, service Service, shape Shape, clients int, perSecond float64, lasting time.Duration) (Result, error) {
	gap := time.Duration(math.Ceil(float64(clients) / perSecond * float64(time.Second)))
	return run(ctx, service, shape, clients, gap, lasting)
}

// client sends one request at a time.
type client struct {
	service Service
	pools   []*pool
	shape   Shape
	next    *atomic.Int64 // the number of the last request of all clients
	buf     []byte
}

func run(ctx context.Context, service Service, shape Shape, clients int, gap, lasting time.Duration) (Result, error) {
	pools := service.pools()
	defer func() {
		for _, p := range pools {
			p.close()
		}
	}()
	var next atomic.Int64
	results := make([]Result, clients)
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for i := range clients {
		group.Go(func() error {
			c := client{service: service, pools: pools, shape: shape, next: &next}
			first := start.Add(gap * time.Duration(i) / time.Duration(clients))
			return c.drive(ctx, &results[i], first, gap, start.Add(lasting))
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	total := Result{Elapsed: time.Since(start)}
	for _, r := range results {
		total.Accepted += r.Accepted
		total.Refused += r.Refused
		total.Latencies = append(total.Latencies, r.Latencies...)
	}
	slices.Sort(total.Latencies)
	return total, nil
}

func (c *client) drive(ctx context.Context, r *Result, due time.Time, gap time.Duration, end time.Time) error {
	for ctx.Err() == nil {
		now := time.Now()
		if gap > 0 {
			if wait := due.Sub(now); wait > 0 {
				time.Sleep(wait)
			}
			now = due
			due = due.Add(gap)
		}
		if !now.Before(end) {
			return nil
		}
		status, err := c.send(ctx, int(c.next.Add(1)))
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if status/100 == 2 {
			r.Accepted += int64(c.shape.Items)
			r.Latencies = append(r.Latencies, time.Since(now))
		} else {
			r.Refused += int64(c.shape.Items)
		}
	}
	return ctx.Err()
}

// send sends the n-th request to its pod.
func (c *client) send(ctx context.Context, n int) (status int, err error) {
	pool := c.pools[c.service.pod(n, c.shape.learner(n))]
	conn, err := pool.take(ctx)
	if err != nil {
		return 0, err
	}
	c.buf = c.shape.request(c.buf, n, time.Now())
	if status, err = conn.send(c.buf, time.Now().Add(patience)); err != nil {
		conn.close()
		return 0, err
	}
	pool.put(conn)
	return status, nil
}

// Fill sends an update of each of the shape's keys, none of which completes a
// lesson, and returns when all are accepted; a refused request is an error.
func Fill(ctx context.Context, address string, shape Shape, connections int) error {
	shape.Set.Random, shape.Set.Completed = false, 0
	requests := (shape.Set.Keys() + shape.Items - 1) / shape.Items
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range connections {
		group.Go(func() error {
			c, err := dial(ctx, address)
			if err != nil {
				return err
			}
			defer c.close()
			var buf []byte
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= requests {
					return nil
				}
				buf = shape.request(buf, n, time.Now())
				status, err := c.send(buf, time.Now().Add(patience))
				if err != nil {
					return fmt.Errorf("filling: %w", err)
				}
				if status/100 != 2 {
					return fmt.Errorf("filling: the server answered %d", status)
				}
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}
