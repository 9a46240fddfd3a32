package webhook

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

func TestAReceiverOfAPrivateCAIsTrustedWhileTheSecretHasThat(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			w.WriteHeader(http.StatusHTTPVersionNotSupported)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	dir := t.TempDir()
	for _, c := range []struct {
		name, ca string
		want     Answer
	}{
		{"those of the image", "", Answer{Meaning: Unreachable}},
		{"its own", string(own), Answer{Meaning: Taken, Status: http.StatusOK}},
		{"what is none", "no certificate", Answer{Meaning: Unreachable}},
	} {
		path := filepath.Join(dir, CAFile)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if c.ca != "" {
			if err := os.WriteFile(path, []byte(c.ca), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		client := newClient(server.URL, dir, 10*time.Second, "test")
		got, err := client.post(t.Context(), message{id: "1", contentType: "text/plain", body: []byte("x")}, nil)
		if err != nil || got != c.want {
			t.Errorf("by %s: %+v, %v", c.name, got, err)
		}
		client.close()
	}
}

func TestACAThatIsNoneIsTold(t *testing.T) {
	w := newWorld(t, newReceiver(t).server.URL)
	w.secret(CAFile, "no certificate")
	s := w.sender()
	w.start(s)
	w.fails(s, status.WebhookBadSecret, 0)
}
