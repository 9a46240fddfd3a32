//go:build e2e

package e2e

import (
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
	"github.com/progress-sync/progress-sync/test/truth/collector"
)

// serveAccount lets pods record what they send and what they are told, here
// and not in the pods, whose end is part of the tests.
func serveAccount(t *testing.T, host string, account *truth.Account) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: collector.Handler(account), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}
