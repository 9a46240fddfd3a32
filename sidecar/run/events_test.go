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
	pod := runs(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		fmt.Sprintf(`"sync":{"interval":"1h"},"events":{"enabled":true,"webhook":{"url":%q}}`, receiver.URL),
		`{"userId":"ada","courseId":"go-101","lessonId":"channels","percentage":100}`)
	select {
	case got := <-lessons:
		if got != "dev.progresssync.lesson.completed ada channels" {
			t.Errorf("got %q", got)
		}
	case <-time.After(time.Minute):
		t.Error("no event came")
	}
	kit.Eventually(t, "the status tells of it", func() error {
		response, err := http.Get("http://" + pod + "/v1/status")
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
}

// A learner who leaves in the middle of a lesson, from their player to the LRS: said once,
// though the page is hidden first and closed then.
func TestADepartureReachesTheLRS(t *testing.T) {
	type statement struct {
		ID    string
		Actor struct{ Account struct{ Name string } }
		Verb  struct{ ID string }
	}
	said := make(chan statement, 10)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var statements []statement
		if err := json.NewDecoder(r.Body).Decode(&statements); err != nil || r.URL.Path != "/xapi/statements" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, s := range statements {
			said <- s
		}
	}))
	defer store.Close()
	const lesson = `"userId":"ada","courseId":"go-101","lessonId":"channels"`
	runs(t, "Bearer let-me-in",
		fmt.Sprintf(`"sync":{"interval":"1h","leaveGrace":"1s","minSyncWithin":"1s"},"events":{"enabled":true,"xapi":{"endpoint":%q,"homePage":"https://lms.example.com"}}`, store.URL+"/xapi"),
		`{`+lesson+`,"currentTime":12,"duration":300,"leaving":true}`, `{`+lesson+`,"leaving":true}`,
		`{"userId":"bob","courseId":"go-101","lessonId":"channels","currentTime":12,"duration":300}`)
	select {
	case got := <-said:
		if got.Verb.ID != "http://adlnet.gov/expapi/verbs/terminated" || got.Actor.Account.Name != "ada" {
			t.Errorf("got %+v", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("no statement came")
	}
	select {
	case more := <-said:
		t.Errorf("then came %+v", more)
	case <-time.After(3 * time.Second):
	}
}

// runs runs a sidecar with a database of its own and the given secret and configuration,
// until the test ends, and reports the updates. It returns the address for the operator.
func runs(t *testing.T, secret, configuration string, updates ...string) (pod string) {
	t.Helper()
	server := pgtest.Private(t, pgtest.Options{Config: pgtest.Relaxed()})
	dir := t.TempDir()
	for name, content := range map[string]string{
		"uri": server.URI("postgres", "postgres"), "secret": secret, "authorization": secret,
		"config.json": `{"policy":{"namespace":"campus","name":"lms"},` + configuration + `}`,
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
			Version: "test", ConfigFile: filepath.Join(dir, "config.json"), DatabaseURIFile: filepath.Join(dir, "uri"),
			WebhookSecretDir: dir, XAPISecretDir: dir,
			Spool: filepath.Join(dir, "spool"), Listen: api, StatusListen: pod, GracePeriod: 2 * time.Second, Log: &safeBuffer{},
		})
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for _, update := range updates {
		kit.Eventually(t, "the sidecar accepts an update", func() error {
			response, err := http.Post("http://"+api+"/v1/progress", "application/json", strings.NewReader(update))
			if err != nil {
				return err
			}
			defer closeBody(t, response)
			return kit.Unless(response.StatusCode == http.StatusOK, response.StatusCode)
		})
	}
	return pod
}
