package front

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// begun is a connection that net/http serves. Something was read of it already,
// and what it reads are whole requests, up to one whose end can't be told.
type begun struct {
	net.Conn
	read    []byte
	framing framing
	// faulty says that the head that was passed last is ambiguous.
	faulty atomic.Bool
}

// Read implements net.Conn. It never reads beyond the end of a request, so that
// a head is passed on only once what came before it is done.
func (b *begun) Read(p []byte) (int, error) {
	if b.framing.part >= ended {
		return 0, io.EOF
	}
	n, held := copy(p, b.read), len(b.read) > 0
	if !held {
		var err error
		if n, err = b.Conn.Read(p); n == 0 {
			return 0, err
		}
	}
	passed := b.framing.follow(p[:n])
	if held {
		if b.read = b.read[passed:]; len(b.read) == 0 {
			b.read = nil // its memory is the connection's buffer
		}
	} else if passed < n {
		b.read = append([]byte(nil), p[passed:n]...)
	}
	if b.framing.part == ambiguous {
		b.faulty.Store(true)
	}
	return passed, nil
}

// Times and bytes for a client that still sends when its connection ends.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// Close implements net.Conn. After a request of which the rest is not read, it
// takes what is under way: an answer is lost where bytes come to a closed
// connection (RFC 9112, section 9.6).
func (b *begun) Close() error {
	if b.faulty.Load() && b.CloseWrite() == nil && b.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, b.Conn, lingerBytes) // it may end at any time
	}
	return b.Conn.Close()
}

// CloseWrite is what net/http looks for in a connection that it ends before it
// has read all of it.
func (b *begun) CloseWrite() error {
	if c, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

type begunKey struct{}

// withConn lets a request know its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, begunKey{}, c)
}

// guard answers a request whose end can't be told with refuse, and ends its
// connection.
func guard(next http.Handler, refuse http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, ok := r.Context().Value(begunKey{}).(*begun); ok && b.faulty.Load() {
			w.Header().Set("Connection", "close")
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
