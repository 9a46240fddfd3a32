// Command spool-import replaces a spool that a version up to 0.1 wrote by one that
// the sidecar can open. The sidecar runs it when it finds one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/frompebble"
)

func main() {
	if err := command(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command imports the directory that is named, and writes how much that was as
// JSON.
func command(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: spool-import <directory of the spool>")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	report, err := frompebble.Import(ctx, frompebble.Options{Dir: args[0], FS: disk.OS{}, Pebble: vfs.Default})
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(report)
}
