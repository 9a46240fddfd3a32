package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/go-logr/logr"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans as OTLP in JSON over HTTP. It is used by one goroutine.
type exporter struct {
	target target
	client *http.Client
	log    logr.Logger
	failed bool
}

// ExportSpans implements sdktrace.SpanExporter. Its errors are told to the log,
// once until it works again, and not to the SDK, which would print each.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.send(ctx, spans)
	switch {
	case err != nil && !e.failed:
		e.log.Info("Traces can't be sent and are dropped until the collector takes them", "reason", err.Error())
	case err == nil && e.failed:
		e.log.Info("Traces are sent again")
	}
	e.failed = err != nil
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error { return nil }

func (e *exporter) send(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	body, err := json.Marshal(documentOf(spans))
	if err != nil {
		return fmt.Errorf("encoding spans: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.target.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sending spans: %w", err)
	}
	request.Header = e.target.headers.Clone()
	request.Header.Set("Content-Type", "application/json")
	response, err := e.client.Do(request)
	if err != nil {
		// The URL may hold credentials; what is inside of this error does not.
		if at, ok := errors.AsType[*url.Error](err); ok {
			err = at.Err
		}
		return fmt.Errorf("sending spans: %w", err)
	}
	defer response.Body.Close()
	const longest = 64 << 10 // read to the end, so that the connection is used again
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, longest))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("sending spans: the collector answered %s", response.Status)
	}
	return nil
}
