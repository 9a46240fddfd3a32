package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 && arguments[0] == "serve" {
		return serve(ctx, arguments[1:])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var o options
	flags.StringVar(&o.sidecar, "sidecar", "", "the sidecar's binary (required)")
	against := flags.String("against", "", "comma-separated other binaries of the sidecar, which take turns with it; what teams run instead is left out then")
	flags.StringVar(&o.connect, "connect", os.Getenv("CONNECT"), "a stream processor's binary, measured too if given")
	flags.StringVar(&o.connectConfigs, "connect-configs", "test/bench/connect", "folder of its configurations")
	flags.IntVar(&o.rounds, "rounds", 5, "interleaved rounds")
	flags.DurationVar(&o.each, "each", 3*time.Second, "length of one measurement")
	flags.StringVar(&o.out, "out", "docs", "folder for benchmarks.md and benchmarks.svg, of which the parts are written that were measured as a whole; empty prints the tables only")
	only := flags.String("only", "", "comma-separated experiments: "+strings.Join(experimentNames(), ", ")+" (all if empty)")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if o.sidecar == "" {
		return errors.New("-sidecar is missing; `make bench` builds the binary and passes it")
	}
	if *against != "" {
		o.against = strings.Split(*against, ",")
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
		for _, name := range o.only {
			if !slices.Contains(experimentNames(), name) {
				return fmt.Errorf("no experiment %q; there are %s", name, strings.Join(experimentNames(), ", "))
			}
		}
	}
	return measure(ctx, o)
}

// serve runs one of the alternatives as a process of its own.
func serve(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	kind := flags.String("kind", alternative.DecodeOnly, "read, decode or direct")
	address := flags.String("listen", "127.0.0.1:0", "address")
	uri := flags.String("uri", "", "database, for direct")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return alternative.Serve(ctx, *kind, *address, *uri)
}
