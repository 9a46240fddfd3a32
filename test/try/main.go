// Command try runs the sidecar alone with a throwaway Postgres, for trying it
// out with curl or, through a sample LMS, with a browser: `make try`. It shows
// the sync state and the newest rows until Ctrl-C, and removes everything then.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	interval := flag.Duration("interval", 10*time.Second, "sync interval, from 1s")
	believe := flag.Bool("believe", false, "take the learner from the body, as where no proxy names them; otherwise requests need the user header")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := try(ctx, *interval, *believe)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "try:", err)
		os.Exit(1)
	}
}

func try(ctx context.Context, interval time.Duration, believe bool) (err error) {
	box, err := open(ctx, interval, believe)
	defer func() {
		if failure := box.close(); err == nil {
			err = failure
		}
	}()
	if err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C while it was starting
		}
		return err
	}
	fmt.Print(box.instructions())
	return box.show(ctx)
}
