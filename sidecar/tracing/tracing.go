package tracing

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope names this package as the source of its spans.
const scope = "github.com/progress-sync/progress-sync/sidecar/tracing"

// closing is how long the last spans may take.
const closing = time.Second

// Tracing makes spans. Close must be called at the end.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	client   *http.Client
}

// Options of Start.
type Options struct {
	// Version of the sidecar.
	Version string
	// Getenv asks for a variable of the exporter, as os.Getenv does. Those of
	// the resource, the sampler and the batches the SDK reads for itself.
	Getenv func(name string) string
	// Log hears of it when spans can't be sent.
	Log logr.Logger
}

// Start returns nil when the environment asks for no traces. Its error names
// the variable that can't be used.
func Start(ctx context.Context, o Options) (*Tracing, error) {
	target, err := targetOf(o.Getenv)
	if err != nil || target == nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "progress-sync"), attribute.String("service.version", o.Version)),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	client := newClient(target.timeout)
	exporter, err := newExporter(ctx, *target, client, o.Log)
	if err != nil {
		return nil, err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(exporter))
	return &Tracing{provider: provider, tracer: provider.Tracer(scope), client: client}, nil
}

// Close sends what is left, for a second at most. t may be nil.
func (t *Tracing) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what is not sent by now is lost, as documented
	t.client.CloseIdleConnections()
}
