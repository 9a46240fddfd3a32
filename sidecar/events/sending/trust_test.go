package sending

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
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
		want     delivery.Answer
	}{
		{"those of the image", "", delivery.Answer{Meaning: delivery.Unreachable}},
		{"its own", string(own), delivery.Answer{Meaning: delivery.Taken, Status: http.StatusOK}},
		{"what is none", "no certificate", delivery.Answer{Meaning: delivery.Unreachable}},
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
		got, err := client.post(t.Context(), delivery.Request{Header: http.Header{}, Body: []byte("x")}, func(status int) delivery.Meaning {
			return webhook.New(dir).Meaning(status, 1)
		})
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
	w.fails(s, status.SendingBadSecret, 0)
}
