package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/ci"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := command(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context) error {
	o := Options{All: ci.Runs(os.Getenv), Out: os.Stdout}
	flag.DurationVar(&o.Duration, "duration", 75*time.Second, "how long faults go on")
	flag.DurationVar(&o.Round, "round", 2*time.Minute, "how long they go on between two comparisons")
	flag.Uint64Var(&o.Seed, "seed", 0, "of faults and updates; 0 for a random one")
	pattern := func(into **regexp.Regexp) func(string) error {
		return func(text string) (err error) {
			*into, err = regexp.Compile(text)
			return err
		}
	}
	flag.Func("only", "names of the faults to inject, a regular expression; all if empty", pattern(&o.Only))
	flag.Func("without", "names of faults to leave out, a regular expression", pattern(&o.Without))
	flag.StringVar(&o.Binary, "sidecar", "", "program to test; empty to build it from this source")
	flag.Parse()
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	var err error
	if o.Dir, err = os.MkdirTemp("", "progress-sync-fault-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.Chmod(o.Dir, 0o755); err != nil { // Postgres runs as another user
		return fmt.Errorf("opening the folder: %w", err)
	}
	if err := o.build(ctx); err != nil {
		return err
	}
	if err := Run(ctx, o); err != nil {
		return fmt.Errorf("%w; logs are in %s", err, o.Dir)
	}
	if err := os.RemoveAll(o.Dir); err != nil {
		return fmt.Errorf("removing the folder: %w", err)
	}
	return nil
}
