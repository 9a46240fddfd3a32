// Package tracing shows each round of a flush as a span of OpenTelemetry.
//
// In come the rounds that flush sends to the database, and the environment
// variables that OpenTelemetry defines; out go spans, as JSON over HTTP, to
// OTEL_EXPORTER_OTLP_ENDPOINT. Without that variable there is no Tracing, and
// nothing of this package runs. A span holds counts, the outcome and the class
// of an error, nothing of a learner (design.md, promise 6), and a collector
// that is slow or away costs spans, never updates (promise 5).
package tracing
