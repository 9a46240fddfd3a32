// Command dbproxy is what teams put beside an app to reach their database, such
// as the Cloud SQL Auth Proxy or a mesh's proxy: it passes connections on from
// the pod's loopback, and ends as soon as it is told to.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := serve(ctx, os.Getenv("LISTEN"), os.Getenv("DATABASE"))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dbproxy:", err)
		os.Exit(1)
	}
}

// serve passes connections on until ctx ends, and cuts them off then.
func serve(ctx context.Context, listen, database string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listening for the app: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	var lines sync.WaitGroup
	defer lines.Wait()
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting a connection: %w", err)
		}
		lines.Go(func() { carry(ctx, client, database) })
	}
}

func carry(ctx context.Context, client net.Conn, database string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", database)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	defer context.AfterFunc(ctx, func() { _, _ = client.Close(), server.Close() })()
	var directions sync.WaitGroup
	for _, ends := range [][2]net.Conn{{server, client}, {client, server}} {
		directions.Go(func() {
			_, _ = io.Copy(ends[0], ends[1])
			_, _ = ends[0].Close(), ends[1].Close()
		})
	}
	directions.Wait()
}
