package front_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

// slow has a server in a bubble whose clock a test controls, and a connection to
// it. Pipes have no buffers, so that a client must read.
func slow(h http.HandlerFunc) (client net.Conn, stop func()) {
	server, client := net.Pipe()
	l := &pipeListener{conns: make(chan net.Conn, 1), done: make(chan struct{})}
	l.conns <- server
	settings := settings(h)
	settings.ReadHeaderTimeout, settings.ReadTimeout = 5*time.Second, 15*time.Second
	settings.WriteTimeout, settings.IdleTimeout = 45*time.Second, 2*time.Minute
	s := front.New(settings, refuser{}, plainPath)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	return client, func() {
		_ = s.Close()
		_ = client.Close()
		<-ended //nolint:errcheck // it was closed
	}
}

type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.done)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

// cutOff returns after which time the server ends a connection that gets
// nothing more, and what it said before.
func cutOff(client net.Conn) (after time.Duration, said string) {
	start := time.Now()
	text, _ := io.ReadAll(client)
	return time.Since(start), string(text)
}

func TestSlowClientsAreCutOff(t *testing.T) {
	answered := func(client net.Conn) { _, _ = readAnswer(bufio.NewReader(client)) }
	cases := map[string]struct {
		before      func(client net.Conn)
		least, most time.Duration
		said        string
	}{
		"one that sends nothing": {
			before: func(net.Conn) {}, least: 5 * time.Second, most: 5 * time.Second,
		},
		"one that stops within the first line": {
			before: func(c net.Conn) { _, _ = io.WriteString(c, "POST /v1/pro") },
			least:  5 * time.Second, most: 5 * time.Second,
		},
		"one that stops within the head": {
			before: func(c net.Conn) { _, _ = io.WriteString(c, post("2")[:60]) },
			least:  5 * time.Second, most: 5 * time.Second,
		},
		"one that stops within the body": {
			before: func(c net.Conn) { _, _ = io.WriteString(c, post("5")+"hel") },
			least:  15 * time.Second, most: 15 * time.Second, said: "Connection: close\r\n",
		},
		"one that sends no second request": {
			before: func(c net.Conn) { _, _ = io.WriteString(c, post("2")+"hi"); answered(c) },
			least:  2 * time.Minute, most: 2 * time.Minute,
		},
		"one that stops within the second body": {
			before: func(c net.Conn) {
				_, _ = io.WriteString(c, post("2")+"hi")
				answered(c)
				_, _ = io.WriteString(c, post("2")+"h")
			},
			least: 15 * time.Second, most: 15 * time.Second, said: "Connection: close\r\n",
		},
		"one that sends nothing of the body": {
			before: func(c net.Conn) { _, _ = io.WriteString(c, post("5")) },
			least:  15 * time.Second, most: 15 * time.Second, said: "Connection: close\r\n",
		},
		"one that sends no body to a path without one": {
			before: func(c net.Conn) {
				_, _ = io.WriteString(c, "PUT /v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nh")
				answered(c)
			},
			least: 15 * time.Second, most: 15 * time.Second,
		},
		"one that sends no chunk to a path without them": {
			before: func(c net.Conn) {
				_, _ = io.WriteString(c, "PUT /v1/sync HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
				answered(c)
			},
			least: 15 * time.Second, most: 15 * time.Second,
		},
		"one that sends no body that it asked to send": {
			before: func(c net.Conn) { _, _ = io.WriteString(c, post("5", "Expect: 100-continue")) },
			least:  15 * time.Second, most: 15 * time.Second, said: "Connection: close\r\n",
		},
		"one that sends no request after a slow body": {
			before: func(c net.Conn) {
				_, _ = io.WriteString(c, post("2")+"h")
				<-time.After(10 * time.Second)
				_, _ = io.WriteString(c, "i")
				answered(c)
			},
			least: 2 * time.Minute, most: 2 * time.Minute,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, stop := slow(echo)
				defer stop()
				test.before(client)
				after, said := cutOff(client)
				if after < test.least || after > test.most {
					t.Errorf("was cut off after %s, not %s to %s", after, test.least, test.most)
				}
				if !strings.Contains(said, test.said) || test.said == "" && said != "" && !strings.HasPrefix(said, "HTTP/1.1 4") {
					t.Errorf("was told %q", said)
				}
			})
		})
	}
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, stop := slow(echo)
		defer stop()
		start := time.Now()
		for {
			// Nobody reads, so that the pipe takes no second request before the end.
			if _, err := io.WriteString(client, post("2")+"hi"); err != nil {
				break
			}
		}
		if after := time.Since(start); after < 45*time.Second || after > 60*time.Second {
			t.Errorf("was cut off after %s", after)
		}
	})
}

func TestABusyConnectionIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, stop := slow(echo)
		defer stop()
		in := bufio.NewReader(client)
		for i := range 20 {
			_, _ = io.WriteString(client, post("2")+"hi")
			if _, err := readAnswer(in); err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
			<-time.After(80 * time.Second)
		}
	})
}
