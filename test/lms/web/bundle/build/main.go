// Command build writes what the sample LMS's pages load, scripts and film, into a
// folder, for the -assets of test/lms.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/progress-sync/progress-sync/test/lms/web/bundle"
)

func main() {
	out := flag.String("out", ".cache/web/assets", "folder to write to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := bundle.Build(ctx, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
