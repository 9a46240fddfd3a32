//go:build e2e

package e2e

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// wire is a line between sidecars and Postgres that can be cut at the moment
// when Postgres has committed a write and says so.
type wire struct {
	address string
	server  string

	mu    sync.Mutex
	armed bool
	count int
	open  map[net.Conn]bool
}

// newWire listens at host for connections to the server's port on loopback.
func newWire(t *testing.T, host string, port int) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	// Not over loopback, where the server may trust everyone.
	w := &wire{address: listener.Addr().String(), server: net.JoinHostPort(host, strconv.Itoa(port)), open: map[net.Conn]bool{}}
	var lines sync.WaitGroup
	lines.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			lines.Go(func() { w.carry(client) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		for conn := range w.open {
			_ = conn.Close()
		}
		w.mu.Unlock()
		lines.Wait()
	})
	return w
}

// through is the connection string of the same database by way of the wire.
func (w *wire) through(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	parsed.Host = w.address
	return parsed.String()
}

// cutAnswer makes the wire cut the next answer to a write, and returns how many
// it has cut so far.
func (w *wire) cutAnswer() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = true
	return w.count
}

// cuts is the number of answers that were cut off.
func (w *wire) cuts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

func (w *wire) track(conn net.Conn, open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if open {
		w.open[conn] = true
	} else {
		delete(w.open, conn)
	}
}

func (w *wire) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	w.track(client, true)
	defer w.track(client, false)
	var directions sync.WaitGroup
	directions.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	directions.Go(func() {
		_ = w.answers(client, server)
		_ = client.Close()
	})
	directions.Wait()
}

var errCut = errors.New("cut off")

// answers passes the server's messages on, one at a time. A message is a type,
// a length that counts itself, and a body; CommandComplete (C) has the
// command's name in it. Each write is a transaction of its own, so when it
// comes, the commit is durable.
func (w *wire) answers(client io.Writer, server io.Reader) error {
	header := make([]byte, 5)
	for {
		if _, err := io.ReadFull(server, header); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(header[1:])-4)
		if _, err := io.ReadFull(server, body); err != nil {
			return err
		}
		if header[0] == 'C' && strings.HasPrefix(string(body), "INSERT ") && w.cut() {
			return errCut
		}
		if _, err := client.Write(append(header[:5:5], body...)); err != nil {
			return err
		}
	}
}

func (w *wire) cut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed {
		return false
	}
	w.armed = false
	w.count++
	return true
}
