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

	"github.com/progress-sync/progress-sync/test/cluster"
)

const usage = `usage: go run ./test/demo [flags]        set everything up, run the learners, verify
       go run ./test/demo down          remove all of it

With KUBECONFIG set, that cluster is used. Its pods must be able to pull the images, or
PROGRESS_SYNC_IMAGE_LOAD says how to load a tarball ("kind load image-archive");
PROGRESS_SYNC_HOST_ADDRESS says at which address pods reach this machine, and
PROGRESS_SYNC_DATABASE_URI names an empty database to use instead of a throwaway one.

flags:
`

// plan says how big the show is.
type plan struct {
	learners int
	factor   float64
	watch    time.Duration
	seed     uint64
}

// window is the time of the video between two writes of a row: the policy's
// default interval.
const window = 3 * time.Minute

// interval of the policy: a window at the plan's pace, in whole milliseconds.
func (p plan) interval() time.Duration {
	return max(time.Second, time.Duration(float64(window)/p.factor).Round(time.Millisecond))
}

// updates that the learners send if the machine has time for all, within a few percent.
func (p plan) updates() int64 {
	onAverage := p.watch - time.Duration(float64(window)/p.factor)/2 // they come in over a window
	return int64(float64(p.learners) * onAverage.Seconds() * p.factor / syllabus().Heartbeat)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out *os.File) error {
	var p plan
	var remove bool
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		_, _ = fmt.Fprint(out, usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&p.learners, "learners", 120, fmt.Sprintf("number of learners, whose requests go to any of %d pods", replicas))
	flags.Float64Var(&p.factor, "factor", 45, "seconds of video that pass in a second; the policy's interval is 3 minutes of video, at least 1 s")
	flags.DurationVar(&p.watch, "watch", 50*time.Second, "how long they watch")
	flags.Uint64Var(&p.seed, "seed", 1, "another seed makes other learners")
	flags.BoolVar(&remove, "down", false, "remove everything; the same as the command down")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() == 1 && flags.Arg(0) == "down":
		remove = true
	case flags.NArg() > 0:
		return fmt.Errorf("unknown argument %q; -h says what there is", flags.Arg(0))
	case p.learners < 2 || p.factor <= 0 || p.watch <= 0:
		return errors.New("-learners must be 2 or more, -factor and -watch above 0")
	}
	lines := &screen{out: out, terminal: isTerminal(out)}
	o, err := cluster.FromEnvironment(lines)
	if err != nil {
		return err
	}
	if remove {
		return down(ctx, o)
	}
	return show(ctx, o, p, lines)
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
