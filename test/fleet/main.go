package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

type options struct {
	operator string
	policies int
	sidecars int
	window   time.Duration
	out      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	ctrl.SetLogger(logr.Discard())
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	var o options
	flags.StringVar(&o.operator, "operator", "", "the operator's binary (required)")
	flags.IntVar(&o.policies, "policies", 200, "number of policies")
	flags.IntVar(&o.sidecars, "sidecars", 5000, "number of sidecars, of all policies together")
	flags.DurationVar(&o.window, "window", time.Minute, "length of one measurement")
	flags.StringVar(&o.out, "out", "docs/benchmarks.md", "page whose part is rewritten; empty prints the table only")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if o.operator == "" {
		return errors.New("-operator is missing; `make bench-fleet` builds the binary and passes it")
	}
	if o.policies < 1 || o.sidecars < o.policies || o.sidecars > maxSidecars {
		return fmt.Errorf("a fleet has at least one sidecar a policy, and at most %d", maxSidecars)
	}
	return measure(ctx, o)
}
