package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	tieToParent()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

// tieToParent lets the kernel send SIGTERM when the process that started this
// one ends, even by kill -9. It has to run on the main thread, which never ends.
func tieToParent() {
	const (
		setParentDeathSignal = 1 // PR_SET_PDEATHSIG
		initProcess          = 1
	)
	// It can only fail for a signal that does not exist.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setParentDeathSignal, uintptr(syscall.SIGTERM), 0)
	if os.Getppid() == initProcess {
		fmt.Fprintln(os.Stderr, "stack: the process that started this one has ended")
		os.Exit(1)
	}
}

func command(ctx context.Context, arguments []string, in io.Reader, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("stack", flag.ContinueOnError)
	flags.StringVar(&o.sidecar, "sidecar", "", "sidecar program; empty to build it from this source")
	flags.StringVar(&o.lms, "lms", "", "sample LMS program; empty to build it from this source")
	flags.StringVar(&o.assets, "assets", "", "folder of the LMS's front end; empty to bundle it from this source")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in) // its end is all that counts
		cancel()
	}()
	return run(ctx, o, out)
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	s, err := open(ctx, o)
	defer func() { err = errors.Join(err, s.close()) }()
	if ctx.Err() != nil {
		return nil // ended while it was starting
	}
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for tests: %w", err)
	}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	line, err := json.Marshal(s.addresses("http://" + listener.Addr().String()))
	if err != nil {
		return fmt.Errorf("writing down the addresses: %w", err)
	}
	_, _ = fmt.Fprintf(out, "%s\n", line)
	select {
	case <-ctx.Done():
		return server.Close()
	case err := <-served:
		return fmt.Errorf("serving tests: %w", err)
	}
}
