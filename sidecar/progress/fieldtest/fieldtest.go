// Package fieldtest helps to test that what is made of the table of fields is
// made of all of it.
package fieldtest

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// WithStranger is the table with a field that no package knows by name: in
// place of pauseEvents it has strangeEvents, column strange_events, which an update
// calls strangers.
func WithStranger() []progress.Field {
	fields := progress.Fields()
	i := slices.IndexFunc(fields, func(f progress.Field) bool { return f.Name == "pauseEvents" })
	input := *fields[i].Input
	input.Name = "strangers"
	fields[i].Name, fields[i].Column, fields[i].Input = "strangeEvents", "strange_events", &input
	return fields
}

// Give sets a field of a record to something that is not zero.
func Give(f progress.Field, r *progress.Record) {
	switch f.Type {
	case progress.TypeText:
		*f.Text(r) = "id of " + f.Name
	case progress.TypeMicroseconds, progress.TypeCount:
		*f.Integer(r) = 7
	case progress.TypeFlag:
		*f.Flag(r) = true
	case progress.TypeTime, progress.TypeGeneration:
		*f.Instant(r) = 1_772_359_200_000_000
	case progress.TypeSegments, progress.TypeStep: // neither is there alone
		r.Segments = progress.SegmentsOf([][2]float64{{0, 12}, {30, 45}}, 1800)
	default:
		*f.Number(r) = 12.5
	}
}
