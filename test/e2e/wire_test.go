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
	l := &line{wire: w, writes: map[string]bool{}}
	directions.Go(func() {
		_ = l.questions(server, client)
		_ = server.Close()
	})
	directions.Go(func() {
		_ = l.answers(client, server)
		_ = client.Close()
	})
	directions.Wait()
}

// line is one connection over the wire.
type line struct {
	wire *wire

	mu sync.Mutex
	// writes are the prepared statements that write.
	writes map[string]bool
	// writing says that one of them was sent and is not answered yet.
	writing bool
}

// questions passes the client's messages on and notes which statements write:
// Parse (P) names a statement and has its text, Bind (B) names the portal and
// the statement. Only the first message has no type.
func (l *line) questions(server io.Writer, client io.Reader) error {
	var length uint32
	if err := binary.Read(client, binary.BigEndian, &length); err != nil {
		return err
	}
	startup := make([]byte, length)
	binary.BigEndian.PutUint32(startup, length)
	if _, err := io.ReadFull(client, startup[4:]); err != nil {
		return err
	}
	if _, err := server.Write(startup); err != nil {
		return err
	}
	return pass(server, client, func(kind byte, body string) error {
		name, rest, _ := strings.Cut(body, "\x00")
		second, _, _ := strings.Cut(rest, "\x00")
		l.mu.Lock()
		defer l.mu.Unlock()
		switch kind {
		case 'P':
			l.writes[name] = strings.Contains(second, "INSERT INTO progress_sync.lesson_progress")
		case 'B':
			l.writing = l.writes[second]
		}
		return nil
	})
}

var errCut = errors.New("cut off")

// answers passes the server's messages on until it is to cut an answer to a
// write off. CommandComplete (C) tells that the write was carried out, and the
// next ReadyForQuery (Z) that its transaction, which is its own, has been
// committed; the client sees neither.
func (l *line) answers(client io.Writer, server io.Reader) error {
	cutting := false
	return pass(client, server, func(kind byte, _ string) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case kind == 'C' && l.writing:
			l.writing = false
			if cutting = l.wire.disarm(); cutting {
				return errWithhold
			}
		case kind == 'E':
			cutting = false
		case kind == 'Z' && cutting:
			l.wire.counted()
			return errCut
		}
		return nil
	})
}

// errWithhold keeps a message back.
var errWithhold = errors.New("withheld")

// pass hands messages on, one at a time, after inspect has seen them. A message is
// a type, a length that counts itself, and a body.
func pass(to io.Writer, from io.Reader, inspect func(kind byte, body string) error) error {
	header := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, header); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(header[1:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		err := inspect(header[0], string(body))
		if err == nil {
			_, err = to.Write(append(header[:5:5], body...))
		}
		if err != nil && !errors.Is(err, errWithhold) {
			return err
		}
	}
}

// disarm says whether the next answer is to be cut off, once.
func (w *wire) disarm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	armed := w.armed
	w.armed = false
	return armed
}

func (w *wire) counted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
}
