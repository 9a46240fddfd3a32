package sidecar

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/web/openapi"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestThePanelShowsTheRunningSidecar saves one record and looks for it in what
// the panel draws.
func TestThePanelShowsTheRunningSidecar(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"sync":{"interval":"59m"}}`)
	p.start(t)
	for range 3 {
		p.post(t, `{"userId":"ada-4711","courseId":"secret-course","lessonId":"l","seekEvents":1}`)
	}
	saved(t, p)
	if code, page := p.do(t, "GET", "/ui/", ""); code != 200 || !strings.Contains(page, "<h1>progress-sync sidecar</h1>") {
		t.Errorf("%d %s", code, page)
	}
	code, text := p.do(t, "GET", "/ui/data", "")
	var data struct {
		Status struct {
			Counters struct{ UpdatesAccepted, RowsWritten int }
		}
		Batches []struct {
			Outcome          string
			Updates, Rows    int
			RoundTripSeconds float64
		}
		Config struct{ Sync struct{ Interval string } }
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil || code != 200 {
		t.Fatalf("%d %v %s", code, err, text)
	}
	if c := data.Status.Counters; c.UpdatesAccepted != 3 || c.RowsWritten != 1 || data.Config.Sync.Interval != "59m0s" {
		t.Errorf("%s", text)
	}
	if len(data.Batches) != 1 || data.Batches[0].Outcome != "saved" || data.Batches[0].Updates != 3 ||
		data.Batches[0].Rows != 1 || data.Batches[0].RoundTripSeconds <= 0 {
		t.Errorf("%+v", data.Batches)
	}
	for _, secret := range []string{"ada-4711", "secret-course", "postgres://"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
	if code, document := p.do(t, "GET", "/openapi.json", ""); code != 200 || document != string(openapi.Document()) {
		t.Errorf("/openapi.json: %d and %d bytes", code, len(document))
	}
}
