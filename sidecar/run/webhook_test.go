package run

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// From a lesson that an app reports as completed to the receiver, through all parts.
func TestACompletionReachesTheWebhook(t *testing.T) {
	server := pgtest.Private(t, pgtest.Options{Config: pgtest.Relaxed()})
	lessons := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			Type string
			Data struct{ UserID, LessonID string }
		}
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil || r.Header.Get("webhook-signature") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		lessons <- event.Type + " " + event.Data.UserID + " " + event.Data.LessonID
	}))
	defer receiver.Close()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"uri":    server.URI("postgres", "postgres"),
		"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"config.json": fmt.Sprintf(`{"policy":{"namespace":"campus","name":"lms"},"sync":{"interval":"1h"},"events":{"enabled":true,"webhook":{"url":%q}}}`,
			receiver.URL),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	api, pod := kit.FreeAddress(t), kit.FreeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Version: "test", ConfigFile: filepath.Join(dir, "config.json"), DatabaseURIFile: filepath.Join(dir, "uri"), WebhookSecretDir: dir,
			Spool: filepath.Join(dir, "spool"), Listen: api, StatusListen: pod, GracePeriod: 2 * time.Second, Log: &safeBuffer{},
		})
	}()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	kit.Eventually(t, "the sidecar accepts a completion", func() error {
		response, err := client.Post("http://"+api+"/v1/progress", "application/json",
			strings.NewReader(`{"userId":"ada","courseId":"go-101","lessonId":"channels","percentage":100}`))
		if err != nil {
			return err
		}
		defer closeBody(t, response)
		return kit.Unless(response.StatusCode == http.StatusOK, response.StatusCode)
	})
	select {
	case got := <-lessons:
		if got != "dev.progresssync.lesson.completed ada channels" {
			t.Errorf("got %q", got)
		}
	case <-time.After(time.Minute):
		t.Error("no event came")
	}
	kit.Eventually(t, "the status tells of it", func() error {
		response, err := client.Get("http://" + pod + "/v1/status")
		if err != nil {
			return err
		}
		defer closeBody(t, response)
		var told status.Document
		if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
			return err
		}
		w := told.Webhook
		return kit.Unless(w != nil && w.Held == status.SendingLanes && w.Delivered == 1 && w.Failure == nil, w)
	})
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
