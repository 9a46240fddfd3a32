package front_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

func TestMain(m *testing.M) {
	// Before it closes a connection with a malformed request, net/http waits half
	// a second, during which nothing can end it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// server is what front.Server and http.Server have in common.
type server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

const plainPath, otherPlainPath = "/v1/progress", "/v1/progress/complete"

// settings have time enough for tests that are not about time.
func settings(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// listen opens a socket of its own. Unlike TCP these leave nothing behind, of
// which a fuzz run would get too much.
func listen(t testing.TB) net.Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "front") //nolint:usetesting // a socket's name must be short, and TempDir's has the test's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve runs s until the test ends and returns its address.
func serve(t testing.TB, s server) string {
	t.Helper()
	l := listen(t)
	serveOn(t, s, l)
	return l.Addr().String()
}

func serveOn(t testing.TB, s server, l net.Listener) {
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve ended with %v", err)
		}
	})
}

// refuser refuses with a text for each reason.
type refuser struct{}

const refused, incomplete, unread = "no end", "no body", "no need"

func (refuser) RefuseFraming(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusBadRequest, refused)
}

func (refuser) RefuseIncomplete(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusBadRequest, incomplete)
}

// RefuseUnread refuses bodies of more than 1 MiB.
func (refuser) RefuseUnread(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength <= 1<<20 {
		return false
	}
	refuse(w, http.StatusRequestEntityTooLarge, unread)
	return true
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func serveFront(t testing.TB, h *http.Server) string {
	return serve(t, front.New(h, refuser{}, plainPath, otherPlainPath))
}

// fataler is a test, or one of the cases of a property.
type fataler interface {
	Helper()
	Fatal(...any)
}

func dial(t fataler, address string) *net.UnixConn {
	t.Helper()
	c, err := net.Dial("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.UnixConn)
}

// patience bounds waits of which a failing test would know no end.
const patience = 30 * time.Second

// all sends bytes, then no more, and returns what comes until the server closes
// the connection.
func all(t fataler, address string, parts ...string) string {
	t.Helper()
	c := dial(t, address)
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		// A server that has answered may be gone already.
		if _, err := io.WriteString(c, part); err != nil {
			break
		}
	}
	_ = c.CloseWrite()
	answer, err := io.ReadAll(c)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("the server keeps the connection")
	}
	return string(answer)
}

// echo answers with what it sees of a request, the body if the path has one.
func echo(w http.ResponseWriter, r *http.Request) {
	var content []byte
	var err error
	length, encoding := r.ContentLength, r.TransferEncoding
	if (r.Method == http.MethodPost || r.Method == http.MethodPut) && (r.URL.Path == plainPath || r.URL.Path == otherPlainPath) {
		content, err = io.ReadAll(r.Body)
	} else {
		length, encoding = 0, nil
	}
	if err != nil { // which each server words in its own way
		http.Error(w, "a bad body", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header()["X-Twice"] = []string{"one", "two\r\nthree"}
	switch r.Header.Get("X-Answer") {
	case "nothing":
		w.WriteHeader(http.StatusNoContent)
		_, _ = w.Write([]byte("not sent"))
		return
	case "bare":
		return
	case "status":
		w.WriteHeader(http.StatusTeapot)
	case "last":
		w.Header().Set("Connection", "close")
	case "untyped":
		delete(w.Header(), "Content-Type")
	}
	keys := make([]string, 0, len(r.Header))
	for key := range r.Header {
		switch key {
		case "Content-Length", "Connection", "Cache-Control", "Trailer": // which one of the two adds or rewrites
			continue
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	digest := sha256.New()
	for _, key := range keys {
		fmt.Fprintf(digest, "%q: %q\n", key, r.Header[key])
	}
	digest.Write(content)
	fmt.Fprintf(digest, "%q %q %q %q %q", r.Method, r.URL.Path, r.URL.RawQuery, r.RequestURI, r.Host)
	// It stays below 2 KiB, from which on net/http answers in chunks.
	fmt.Fprintf(w, "%.100s %.100q %.100q %.100q %s %d %v host %.100q %d bytes %d fields %x", r.Method, r.URL.Path, r.URL.RawQuery, r.RequestURI,
		r.Proto, length, encoding, r.Host, len(content), len(keys), digest.Sum(nil))
}
