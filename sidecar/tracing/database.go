package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Database returns db with a span around each round. t may be nil.
func (t *Tracing) Database(db flush.Database) flush.Database {
	if t == nil {
		return db
	}
	return &database{Database: db, tracer: t.tracer}
}

type database struct {
	flush.Database
	tracer trace.Tracer
}

// ApplyRound implements flush.Database.
func (d *database) ApplyRound(
	ctx context.Context, writer, owner string, prev uint64, batches []progress.Batch,
) ([]postgres.Result, error) {
	records := 0
	for _, b := range batches {
		records += len(b.Records)
	}
	attributes := []attribute.KeyValue{
		attribute.String("db.system.name", "postgresql"),
		attribute.Int("progress_sync.batches", len(batches)),
		attribute.Int("progress_sync.records", records),
	}
	if len(batches) > 0 {
		attributes = append(attributes, attribute.Int("progress_sync.lane", batches[0].Lane))
	}
	ctx, span := d.tracer.Start(ctx, "flush round",
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	defer span.End()
	results, err := d.Database.ApplyRound(ctx, writer, owner, prev, batches)
	tell(span, results, err)
	return results, err
}

// tell gives the span the outcome: of the batch that ended the round, or the
// class of the error that did.
func tell(span trace.Span, results []postgres.Result, err error) {
	rows := int64(0)
	outcome := "none"
	for _, r := range results {
		rows += r.Rows
		outcome = outcomes()[r.Outcome]
	}
	span.SetAttributes(
		attribute.Int("progress_sync.batches_answered", len(results)), attribute.Int64("progress_sync.rows", rows))
	if err != nil {
		f := postgres.Classify(err)
		outcome = "failed"
		span.SetAttributes(attribute.String("error.type", string(f.Class)))
		if f.SQLState != "" {
			span.SetAttributes(attribute.String("db.response.status_code", f.SQLState))
		}
		span.SetStatus(codes.Error, f.Message)
	}
	span.SetAttributes(attribute.String("progress_sync.outcome", outcome))
}

func outcomes() map[postgres.Outcome]string {
	return map[postgres.Outcome]string{
		postgres.Applied: "applied", postgres.AlreadyApplied: "already_applied",
		postgres.Rewound: "rewound", postgres.Fenced: "fenced",
	}
}
