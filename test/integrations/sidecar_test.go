//go:build integrations

package integrations

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

// startSidecar runs the real sidecar with a user header. Its database is away,
// which does not keep it from accepting.
func startSidecar(t *testing.T) *url.URL {
	t.Helper()
	s := kit.NewSidecar(t, sidecar.Options{
		URI: "postgres://nobody@127.0.0.1:1/none", Configuration: `{"ingest": {"userHeader": "X-Progress-User"}}`, Grace: time.Second,
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &url.URL{Scheme: "http", Host: s.API()}
}

// wire is between a proxy and the sidecar. It keeps what the proxy sends, and can
// answer in the sidecar's place.
type wire struct {
	*httptest.Server
	mu    sync.Mutex
	asked []asked
	away  bool
}

type asked struct {
	method, host, uri, body string
	header                  http.Header
}

func tap(t *testing.T, sidecar *url.URL) *wire {
	t.Helper()
	w := &wire{}
	onwards := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(sidecar)
		r.Out.Host = r.In.Host
	}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		w.asked = append(w.asked, asked{r.Method, r.Host, r.RequestURI, string(body), r.Header.Clone()})
		away := w.away
		w.mu.Unlock()
		if away {
			out.Header().Set("Retry-After", "7")
			http.Error(out, `{"detail":"full"}`, http.StatusTooManyRequests)
			return
		}
		onwards.ServeHTTP(out, r)
	}))
	t.Cleanup(w.Close)
	return w
}

// taken returns what was sent since the last call.
func (w *wire) taken() []asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.asked
	w.asked = nil
	return got
}

func (w *wire) setAway(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}
