package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "adaptive:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context) (err error) {
	var o options
	rounds := flag.Int("rounds", 3, "interleaved rounds of adaptive and fixed intervals")
	flag.DurationVar(&o.interval, "interval", 10*time.Second, "sync interval; the window of adaptive intervals is a third of it")
	flag.IntVar(&o.learners, "learners", 20000, "learners, each with one lesson; learners/interval rows a second are written with a fixed interval")
	flag.Float64Var(&o.completed, "completed", 0.01, "share of the updates that complete their lesson, and are written at once")
	flag.Float64Var(&o.lms, "lms", 50, "the LMS's transactions a second")
	flag.Float64Var(&o.quota, "quota", 0.08, "of one processor that the throttled server has")
	flag.DurationVar(&o.target, "target", 10*time.Millisecond, "sync.adaptive.targetLatency")
	flag.DurationVar(&o.settle, "settle", 30*time.Second, "from the start to the first figures")
	flag.DurationVar(&o.calm, "calm", 30*time.Second, "length of the calm time")
	flag.DurationVar(&o.throttled, "throttled", time.Minute, "length of the throttle")
	flag.DurationVar(&o.after, "after", 30*time.Second, "length of the time after it")
	flag.BoolVar(&o.verbose, "verbose", false, "print samples")
	flag.Parse()
	if o.sidecar, err = program.Build(ctx, "cmd/sidecar"); err != nil {
		return err
	}
	if o.pgbench, err = findPgbench(); err != nil {
		return err
	}
	fmt.Printf("%d learners, interval %s, LMS %g tps, server throttled to %g of a processor, target %s; %s a run\n\n",
		o.learners, o.interval, o.lms, o.quota, o.target, o.length())
	fmt.Println("| mode | p99 calm | p99 throttled | ratio | its second half | ratio | p99 after | rows/s calm | throttled | after | lag calm | lag throttled | CPU calm | throttled | back after | reversals calm | highest factor |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	ratios := map[string][]float64{}
	for range *rounds {
		for _, mode := range []string{"On", "Off"} {
			r, err := run(ctx, o, mode)
			if err != nil {
				return err
			}
			ratio := float64(r.throttled.p99) / float64(max(r.calm.p99, 1))
			later := float64(r.later.p99) / float64(max(r.calm.p99, 1))
			ratios[mode] = append(ratios[mode], later)
			ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
			fmt.Printf("| %s | %s | %s | %.2f | %s | %.2f | %s | %.0f | %.0f | %.0f | %.1f s | %.1f s | %.2f | %.2f | %.1f s | %d | %.2f |\n", mode,
				ms(r.calm.p99), ms(r.throttled.p99), ratio, ms(r.later.p99), later, ms(r.after.p99), r.calm.rows, r.throttled.rows, r.after.rows,
				r.calm.lag.Seconds(), r.throttled.lag.Seconds(), r.calm.cpu, r.throttled.cpu, r.back.Seconds(), r.reversals, r.highest)
		}
	}
	for _, mode := range []string{"On", "Off"} {
		slices.Sort(ratios[mode])
		fmt.Printf("\n%s: p99 in the second half of the throttle over p99 calm, median %.2f", mode, ratios[mode][len(ratios[mode])/2])
	}
	fmt.Println()
	return nil
}

func findPgbench() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err == nil && len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath("pgbench")
	if err != nil {
		return "", fmt.Errorf("looking for pgbench: %w", err)
	}
	return path, nil
}
