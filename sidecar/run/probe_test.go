package run

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/test/kit"
)

func TestWhereAListenerIsProbed(t *testing.T) {
	for address, want := range map[string][]string{
		":9787":          {"127.0.0.1:9787", "[::1]:9787"},
		"0.0.0.0:9787":   {"127.0.0.1:9787"},
		"[::]:9787":      {"[::1]:9787", "127.0.0.1:9787"},
		"127.0.0.1:9787": {"127.0.0.1:9787"},
		"[::1]:9787":     {"[::1]:9787"},
		"localhost:9787": {"localhost:9787"},
		"10.1.2.3:9787":  {"10.1.2.3:9787"},
		"[fd00::1]:9787": {"[fd00::1]:9787"},
		"9787":           nil,
		"127.0.0.1":      nil,
	} {
		got, err := probed(address)
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) {
			t.Errorf("%s: %v (-want +got):\n%s", address, err, diff)
		}
	}
}

// serveOn serves on a network and a loopback address with any port, and returns
// the port as a sidecar is told to listen on it.
func serveOn(t *testing.T, network, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil && network == "tcp6" {
		t.Skip("this machine has no " + address)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return ":" + port
}

func TestTheProbeSaysWhatTheSidecarSays(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string // empty for healthy
	}{
		"healthy": {func(http.ResponseWriter, *http.Request) {}, ""},
		"the disk failed": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "The spool's disk failed.\nMore.", http.StatusServiceUnavailable)
		}, "(503 Service Unavailable): The spool's disk failed."},
		"something else listens there": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login", http.StatusFound)
		}, "(302 Found)"},
	} {
		t.Run(name, func(t *testing.T) {
			port := serveOn(t, "tcp4", "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/healthz" {
					t.Errorf("asked for %s %s", r.Method, r.URL)
				}
				c.answer(w, r)
			})
			err := Probe(t.Context(), port)
			if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestTheProbeFindsASidecarThatHasOnlyIPv6(t *testing.T) {
	port := serveOn(t, "tcp6", "[::1]:0", func(http.ResponseWriter, *http.Request) {})
	if err := Probe(t.Context(), port); err != nil {
		t.Error(err)
	}
}

func TestTheProbeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	port := serveOn(t, "tcp4", "127.0.0.1:0", func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if err := Probe(ctx, port); err == nil {
		t.Error("a sidecar that does not answer is healthy")
	}
}

func TestTheProbeNamesWhereNothingListens(t *testing.T) {
	address := kit.FreeAddress(t)
	if err := Probe(t.Context(), address); err == nil || !strings.Contains(err.Error(), address) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
