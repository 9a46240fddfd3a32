package tracing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans by the exporter of OpenTelemetry and tells the log of its
// errors. It is used by one goroutine.
type exporter struct {
	sdktrace.SpanExporter
	log    logr.Logger
	failed bool
}

func newExporter(ctx context.Context, to target, client *http.Client, log logr.Logger) (*exporter, error) {
	otlp, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(to.url),
		otlptracehttp.WithHeaders(to.headers),
		otlptracehttp.WithHTTPClient(client),
		otlptracehttp.WithEncoding(otlptracehttp.EncodingJSON),
		// The next spans are worth more than those that a collector did not take.
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}),
	)
	if err != nil {
		return nil, fmt.Errorf("making the exporter of traces: %w", err)
	}
	return &exporter{SpanExporter: otlp, log: log}, nil
}

// ExportSpans implements sdktrace.SpanExporter. Its errors are told to the log,
// once until it works again, and not to the SDK, which would print each.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !e.failed:
		e.log.Info("Traces can't be sent and are dropped until the collector takes them", "reason", reason(err))
	case err == nil && e.failed:
		e.log.Info("Traces are sent again")
	}
	e.failed = err != nil
	return nil
}

// reason is err without the URL, which may hold a secret.
func reason(err error) string {
	if at, ok := errors.AsType[*url.Error](err); ok {
		return at.Err.Error()
	}
	return err.Error()
}

// newClient returns the client of one collector. timeout is for a whole request.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: transport{&http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}}}
}

// transport makes an error of an answer that refuses the spans. The exporter's
// error would repeat the whole page that a collector or a proxy answers with, and
// leave out the status.
type transport struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.Transport.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer response.Body.Close()
	const longest = 64 << 10 // read to the end, so that the connection is used again
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, longest))
	return nil, fmt.Errorf("the collector answered %s", response.Status)
}
