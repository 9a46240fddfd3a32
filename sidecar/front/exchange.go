package front

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// exchange is one request and its answer. It is reused; an idle connection has
// none.
type exchange struct {
	request http.Request
	url     url.URL
	body    body
	answer  answer
	out     []byte
}

// maxKept is the memory of an answer that is worth keeping for the next one.
const maxKept = 64 << 10

// newExchange begins the exchange of the request in c's head.
func (s *Server) newExchange(c *conn, now time.Time) *exchange {
	e, ok := s.exchanges.Get().(*exchange)
	if !ok {
		e = &exchange{answer: answer{header: http.Header{}}}
	}
	h := &c.head
	e.url = url.URL{Path: h.path}
	e.body = body{conn: c, left: h.size, by: now.Add(s.http.ReadTimeout)}
	e.request = http.Request{
		Method: http.MethodPost, URL: &e.url, RequestURI: h.path,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: h.lines[h.host].values[0], Header: h.header,
		Body: &e.body, ContentLength: h.size, RemoteAddr: c.remote,
	}
	return e
}

// end gives the memory back.
func (s *Server) end(e *exchange) {
	if cap(e.answer.body) > maxKept || cap(e.out) > maxKept {
		return
	}
	clear(e.answer.header)
	e.answer.status, e.answer.body = 0, e.answer.body[:0]
	e.request, e.body = http.Request{}, body{}
	s.exchanges.Put(e)
}

// body is that of one request.
type body struct {
	conn *conn
	left int64
	by   time.Time // when all of it must have come
	late bool      // it did not come with the head
	err  error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.left == 0:
		return 0, io.EOF
	case int64(len(p)) > b.left:
		p = p[:b.left]
	}
	n := b.conn.take(p)
	if n == 0 {
		n, b.err = b.receive(p)
	}
	b.left -= int64(n)
	if b.left == 0 {
		b.err = nil // its end was not needed
	} else if errors.Is(b.err, io.EOF) {
		b.err = io.ErrUnexpectedEOF
	}
	return n, b.err
}

// receive reads what has not come yet.
func (b *body) receive(p []byte) (int, error) {
	if !b.late {
		b.late = true
		if err := b.conn.readUntil(b.by); err != nil {
			return 0, err
		}
	}
	return b.conn.Read(p)
}

// rest reads what nobody wanted; it is in the way of the next request.
func (b *body) rest() error {
	if b.left == 0 || errors.Is(b.err, io.ErrUnexpectedEOF) { // which ends the connection by itself
		return nil
	}
	_, err := io.Copy(io.Discard, b)
	return err
}

// Close implements io.Closer. What is left of the body is read before the
// answer.
func (b *body) Close() error { return nil }
