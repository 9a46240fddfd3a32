package postgres

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a client and a server and can cut the connection once
// the server has answered the next transaction: the client then can't know
// whether it was committed.
type proxy struct {
	listener net.Listener
	target   string
	// armed cuts the connection in place of a ReadyForQuery: of the next one, or of
	// that after so many as spare says.
	armed atomic.Bool
	spare atomic.Int64
	cuts  atomic.Int64
	// asked and answered are bytes from the client and from the server.
	asked, answered counter

	mu    sync.Mutex
	conns []net.Conn
	wg    sync.WaitGroup
}

// startProxy returns a proxy for the server in uri, and the URI through it.
func startProxy(tb testing.TB, uri string) (*proxy, string) {
	tb.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{listener: listener, target: u.Host}
	p.wg.Go(p.accept)
	tb.Cleanup(func() { // what is closed here may be closed already
		_ = listener.Close()
		p.cutAll()
		p.wg.Wait()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

// counter counts what is written to it.
type counter struct{ n atomic.Int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.wg.Go(func() {
			p.questions(client, server)
			_ = server.Close()
		})
		p.wg.Go(func() {
			p.answers(client, server)
			_ = client.Close()
			_ = server.Close()
		})
	}
}

// cancelRequest is the code in the first message of a connection that asks to
// cancel what another one is doing.
const cancelRequest = 80877102

// questions passes on what the client says, but no cancel requests: a client
// that lost its connection may not get one through either.
func (p *proxy) questions(client, server net.Conn) {
	reader := bufio.NewReader(client)
	if first, err := reader.Peek(8); err != nil || binary.BigEndian.Uint32(first[4:]) == cancelRequest {
		return
	}
	_, _ = io.Copy(io.MultiWriter(&p.asked, server), reader) // ends when either side does
}

// answers passes the server's messages on: a type, a length that counts itself,
// and the content.
func (p *proxy) answers(client, server net.Conn) {
	reader := bufio.NewReader(server)
	for {
		var head [5]byte
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return
		}
		content := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(reader, content); err != nil {
			return
		}
		if head[0] == 'Z' && p.armed.Load() && p.spare.Add(-1) < 0 && p.armed.CompareAndSwap(true, false) {
			p.spare.Store(0)
			p.cuts.Add(1)
			return
		}
		p.answered.n.Add(int64(len(head) + len(content)))
		if _, err := client.Write(append(head[:], content...)); err != nil {
			return
		}
	}
}

// cutAll breaks every connection at the client's side and leaves the server to
// find out by itself.
func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}
