package tracing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector keeps what it is sent.
type collector struct {
	mu      sync.Mutex
	status  int
	headers http.Header
	body    []byte
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = r.Header.Clone()
	c.headers.Set("Path", r.URL.Path)
	c.body, _ = io.ReadAll(r.Body)
	w.WriteHeader(c.status)
}

// answering is a database that answers each round the same way.
type answering struct {
	flush.Database
	results []postgres.Result
	err     error
}

func (a answering) ApplyRound(context.Context, string, string, uint64, []progress.Batch) ([]postgres.Result, error) {
	return a.results, a.err
}

func env(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

func round() []progress.Batch {
	r := progress.Record{Key: progress.Key{UserID: "ada-4711", CourseID: "c", LessonID: "l"}}
	return []progress.Batch{{Lane: 1, Number: 7, Records: []progress.Record{r, r}}, {Lane: 1, Number: 8, Records: []progress.Record{r}}}
}

// traced sends one round through a Tracing and returns what the collector got.
func traced(t *testing.T, c *collector, db flush.Database) {
	t.Helper()
	server := httptest.NewServer(c)
	defer server.Close()
	tracing, err := Start(t.Context(), Options{Version: "1.2.3", Log: logr.Discard(), Getenv: env(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "x-team=campus%20it, x-more = yes",
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tracing.Database(db).ApplyRound(t.Context(), "w", "o", 6, round()); (err == nil) != (db.(answering).err == nil) {
		t.Error(err)
	}
	tracing.Close()
}

func attributes(t *testing.T, list []any) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, a := range list {
		pair := a.(map[string]any)
		for _, v := range pair["value"].(map[string]any) {
			all[pair["key"].(string)] = v
		}
	}
	return all
}

func (c *collector) span(t *testing.T) (resource, span map[string]any) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var body struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes []any }
			ScopeSpans []struct{ Spans []map[string]any }
		}
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		t.Fatalf("%v: %s", err, c.body)
	}
	return attributes(t, body.ResourceSpans[0].Resource.Attributes), body.ResourceSpans[0].ScopeSpans[0].Spans[0]
}

func TestARoundIsASpan(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=lms-0")
	c := &collector{status: http.StatusOK}
	traced(t, c, answering{results: []postgres.Result{
		{Outcome: postgres.Applied, LedgerNumber: 7, Rows: 2}, {Outcome: postgres.Applied, LedgerNumber: 8, Rows: 1},
	}})
	if c.headers.Get("Path") != "/v1/traces" || c.headers.Get("X-Team") != "campus it" || c.headers.Get("X-More") != "yes" ||
		c.headers.Get("Content-Type") != "application/json" {
		t.Errorf("the request is %v", c.headers)
	}
	resource, span := c.span(t)
	want := map[string]any{"service.name": "progress-sync", "service.version": "1.2.3", "k8s.pod.name": "lms-0"}
	if diff := cmp.Diff(want, resource); diff != "" {
		t.Errorf("resource (-want +got):\n%s", diff)
	}
	want = map[string]any{
		"db.system.name": "postgresql", "progress_sync.lane": "1", "progress_sync.batches": "2", "progress_sync.records": "3",
		"progress_sync.batches_answered": "2", "progress_sync.rows": "3", "progress_sync.outcome": "applied",
	}
	if diff := cmp.Diff(want, attributes(t, span["attributes"].([]any))); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if span["name"] != "flush round" || len(span["traceId"].(string)) != 32 || len(span["spanId"].(string)) != 16 || span["kind"] != 3.0 ||
		span["startTimeUnixNano"].(string) > span["endTimeUnixNano"].(string) {
		t.Errorf("span %v", span)
	}
	if strings.Contains(string(c.body), "ada-4711") {
		t.Error("the span names a learner")
	}
}

func TestAFailedRoundSaysWhy(t *testing.T) {
	c := &collector{status: http.StatusOK}
	traced(t, c, answering{err: fmt.Errorf("writing: %w", &pgconn.PgError{Code: "53300", Message: "too many of ada-4711"})})
	_, span := c.span(t)
	got := attributes(t, span["attributes"].([]any))
	if got["progress_sync.outcome"] != "failed" || got["error.type"] != "Overloaded" || got["db.response.status_code"] != "53300" {
		t.Errorf("attributes %v", got)
	}
	if status := span["status"].(map[string]any); status["code"] != 2.0 || status["message"] == "" {
		t.Errorf("status %v", status)
	}
	if strings.Contains(string(c.body), "ada-4711") {
		t.Error("the span repeats the database's message")
	}
}

// exporting returns an exporter to url and the lines that it logs.
func exporting(t *testing.T, url string) (*exporter, *[]string) {
	t.Helper()
	var lines []string
	log := funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
	to, err := targetOf(env(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": url}))
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(to.timeout)
	t.Cleanup(client.CloseIdleConnections)
	e, err := newExporter(t.Context(), *to, client, log)
	if err != nil {
		t.Fatal(err)
	}
	return e, &lines
}

// export sends one span.
func (e *exporter) export(t *testing.T) {
	t.Helper()
	if err := e.ExportSpans(t.Context(), tracetest.SpanStubs{{Name: "flush round"}}.Snapshots()); err != nil {
		t.Error(err)
	}
}

func TestTheLogHearsOnceThatSpansCantBeSent(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	e, lines := exporting(t, server.URL)
	for _, status := range []int{503, 503, 200, 200, 503} {
		c.status = status
		e.export(t)
	}
	if got := *lines; len(got) != 3 || !strings.Contains(got[0], "503") || !strings.Contains(got[1], "again") {
		t.Errorf("the log says %q", got)
	}
}

func TestSpansThatACollectorRefusesAreNotSentAgain(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Retry-After", "1")
		http.Error(w, "a page of the proxy", http.StatusTooManyRequests)
	}))
	defer server.Close()
	e, lines := exporting(t, server.URL)
	e.export(t)
	if got := strings.Join(*lines, ""); requests != 1 || !strings.Contains(got, "429") || strings.Contains(got, "page") {
		t.Errorf("%d requests, the log says %q", requests, got)
	}
}

func TestTheURLIsNotRepeated(t *testing.T) {
	e, lines := exporting(t, "http://me:hunter2@127.0.0.1:1/tenant-4711")
	e.export(t)
	if got := *lines; len(got) != 1 || strings.Contains(got[0], "hunter2") || strings.Contains(got[0], "tenant-4711") {
		t.Errorf("the log says %q", got)
	}
}

func TestSpansAreCompressedWhereAsked(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	c := &collector{status: http.StatusOK}
	server := httptest.NewServer(c)
	defer server.Close()
	e, _ := exporting(t, server.URL)
	e.export(t)
	if got := c.headers.Get("Content-Encoding"); got != "gzip" {
		t.Errorf("the encoding is %q", got)
	}
}

func TestCredentialsInTheURLAreSent(t *testing.T) {
	c := &collector{status: http.StatusOK}
	server := httptest.NewServer(c)
	defer server.Close()
	e, lines := exporting(t, strings.Replace(server.URL, "//", "//me:hunter2@", 1))
	e.export(t)
	sent := http.Request{Header: c.headers}
	if user, password, _ := sent.BasicAuth(); user != "me" || password != "hunter2" || len(*lines) > 0 {
		t.Errorf("the collector got %v, the log says %q", c.headers, *lines)
	}
}

// A pod that is deleted has its grace period for learners' progress.
func TestACollectorThatHangsDoesNotHoldUpTheEnd(t *testing.T) {
	asked, hang := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-hang
	}))
	defer server.Close()
	defer close(hang)
	tracing, err := Start(t.Context(), Options{Log: logr.Discard(), Getenv: env(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL,
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tracing.Database(answering{}).ApplyRound(t.Context(), "w", "o", 6, round()); err != nil {
		t.Error(err)
	}
	tracing.Close() // would wait for hang for ever
	<-asked
}

func TestTracesAreMadeOnlyWhereAsked(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"no endpoint":       nil,
		"no traces":         {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"},
		"the SDK is off":    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"},
		"only other things": {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318"},
	} {
		t.Run(name, func(t *testing.T) {
			tracing, err := Start(t.Context(), Options{Getenv: env(variables)})
			if err != nil || tracing != nil {
				t.Fatalf("%v, %v", tracing, err)
			}
			db := answering{err: errors.New("mine")}
			if got := tracing.Database(db); !errors.Is(got.(answering).err, db.err) {
				t.Error("rounds take another way than without tracing")
			}
			tracing.Close()
		})
	}
}

func TestAVariableThatCantBeUsedIsNamed(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, variables := range map[string]map[string]string{
		endpoint:                             {endpoint: "collector:4317"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": {endpoint: "http://ok", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "/v1/traces"},
		endpoint + " must":                   {endpoint: "http://ok?key=hunter2"},
		"OTEL_EXPORTER_OTLP_HEADERS":         {endpoint: "http://ok", "OTEL_EXPORTER_OTLP_HEADERS": "hunter2"},
		"OTEL_EXPORTER_OTLP_TIMEOUT":         {endpoint: "http://ok", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
		"OTEL_RESOURCE_ATTRIBUTES":           {endpoint: "http://ok", "OTEL_RESOURCE_ATTRIBUTES": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range variables {
				t.Setenv(k, v)
			}
			_, err := Start(t.Context(), Options{Getenv: env(variables)})
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v", err)
			}
		})
	}
}
