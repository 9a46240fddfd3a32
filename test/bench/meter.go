package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// meter carries connections to a server and counts their bytes, both ways, without
// those of TCP.
type meter struct {
	listener net.Listener
	server   string // host:port
	bytes    atomic.Int64
	lines    sync.WaitGroup
}

// startMeter returns one for the server of a URI, and the URI that leads through it.
// close ends it.
func startMeter(ctx context.Context, uri string) (m *meter, through string, err error) {
	to, err := url.Parse(uri)
	if err != nil {
		return nil, "", fmt.Errorf("reading where the server is: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("listening in front of the server: %w", err)
	}
	m = &meter{listener: listener, server: to.Host}
	m.lines.Go(func() { m.serve(ctx) })
	to.Host = listener.Addr().String()
	return m, to.String(), nil
}

func (m *meter) serve(ctx context.Context) {
	for {
		client, err := m.listener.Accept()
		if err != nil {
			return // it is closed
		}
		m.lines.Go(func() { m.carry(ctx, client) })
	}
}

// carry ends when either side closes its connection.
func (m *meter) carry(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", m.server)
	if err != nil {
		return // the client sees that, and tries again
	}
	var directions sync.WaitGroup
	for _, ends := range [][2]net.Conn{{server, client}, {client, server}} {
		directions.Go(func() {
			_, _ = io.Copy(ends[0], io.TeeReader(ends[1], m))
			_, _ = ends[0].Close(), ends[1].Close()
		})
	}
	directions.Wait()
}

// Write counts what passes.
func (m *meter) Write(p []byte) (int, error) {
	m.bytes.Add(int64(len(p)))
	return len(p), nil
}

// close takes no more connections, and returns when those who have one have closed it.
func (m *meter) close() {
	_ = m.listener.Close()
	m.lines.Wait()
}
