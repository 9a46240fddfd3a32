package tracing

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The types below are the part of OTLP's ExportTraceServiceRequest that is
// used, in its JSON form: ids in hexadecimal, 64-bit integers as strings.
type (
	document struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resourceOf   `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resourceOf struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope scopeOf `json:"scope"`
		Spans []span  `json:"spans"`
	}
	scopeOf struct {
		Name string `json:"name"`
	}
	span struct {
		TraceID           string     `json:"traceId"`
		SpanID            string     `json:"spanId"`
		Flags             uint32     `json:"flags"`
		Name              string     `json:"name"`
		Kind              int        `json:"kind"`
		StartTimeUnixNano string     `json:"startTimeUnixNano"`
		EndTimeUnixNano   string     `json:"endTimeUnixNano"`
		Attributes        []keyValue `json:"attributes"`
		Status            status     `json:"status"`
	}
	status struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		String *string `json:"stringValue,omitempty"`
		Int    *string `json:"intValue,omitempty"`
		Bool   *bool   `json:"boolValue,omitempty"`
	}
)

// statusError is OTLP's number for a failed span; the SDK counts otherwise.
const statusError = 2

// documentOf takes spans of one provider, which share its resource.
func documentOf(spans []sdktrace.ReadOnlySpan) document {
	var out []span
	for _, s := range spans {
		o := span{
			TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(),
			Flags: uint32(s.SpanContext().TraceFlags()), Name: s.Name(), Kind: int(s.SpanKind()),
			StartTimeUnixNano: strconv.FormatInt(s.StartTime().UnixNano(), 10),
			EndTimeUnixNano:   strconv.FormatInt(s.EndTime().UnixNano(), 10),
			Attributes:        keyValues(s.Attributes()),
		}
		if s.Status().Code == codes.Error {
			o.Status = status{statusError, s.Status().Description}
		}
		out = append(out, o)
	}
	var about []keyValue
	if len(spans) > 0 {
		about = keyValues(spans[0].Resource().Attributes())
	}
	return document{[]resourceSpans{{
		Resource:   resourceOf{about},
		ScopeSpans: []scopeSpans{{scopeOf{scope}, out}},
	}}}
}

func keyValues(attributes []attribute.KeyValue) []keyValue {
	all := []keyValue{}
	for _, a := range attributes {
		all = append(all, keyValue{string(a.Key), valueOf(a.Value)})
	}
	return all
}

func valueOf(v attribute.Value) (out anyValue) {
	switch v.Type() {
	case attribute.INT64:
		text := strconv.FormatInt(v.AsInt64(), 10)
		out.Int = &text
	case attribute.BOOL:
		b := v.AsBool()
		out.Bool = &b
	default:
		text := v.String()
		out.String = &text
	}
	return out
}
