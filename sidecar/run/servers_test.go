package run

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
)

// A proxy in front that believes the length would take what follows the chunks
// for a request that it has checked.
func TestEveryPortRefusesARequestWhoseEndCantBeTold(t *testing.T) {
	dir := t.TempDir()
	ports := map[string]string{"the API": kit.FreeAddress(t), "the status": kit.FreeAddress(t), "profiles": kit.FreeAddress(t)}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Version: "test", ConfigFile: filepath.Join(dir, "config"), DatabaseURIFile: filepath.Join(dir, "uri"),
			Spool: filepath.Join(dir, "spool"), Listen: ports["the API"], StatusListen: ports["the status"], Pprof: ports["profiles"],
			GracePeriod: 2 * time.Second, Log: &safeBuffer{},
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for name, address := range ports {
		t.Run(name, func(t *testing.T) {
			var c net.Conn
			kit.Eventually(t, "somebody listens", func() (err error) {
				c, err = net.Dial("tcp", address)
				return err
			})
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			// The second of a connection: whatever the first gets, it stays open.
			const first = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
			const both = "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX"
			if _, err := io.WriteString(c, first+both+first); err != nil {
				t.Fatal(err)
			}
			answers, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			text := string(answers)
			if strings.Count(text, "HTTP/1.1 ") != 2 || strings.Count(text, "HTTP/1.1 400 Bad Request\r\n") != 1 ||
				!strings.Contains(text, "Connection: close\r\n") || !strings.Contains(text, "Content-Length or Transfer-Encoding, not both") {
				t.Errorf("got %q", text)
			}
		})
	}
	response, err := http.Get("http://" + ports["the API"] + "/v1/sync")
	if err != nil {
		t.Fatal(err)
	}
	defer closeBody(t, response)
	defer http.DefaultClient.CloseIdleConnections()
	if state, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(state), `"pendingUpdates":0`) {
		t.Errorf("after that: %s %v", state, err)
	}
}
