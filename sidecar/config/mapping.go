package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Mapping says which existing table takes the records, instead of
// progress_sync.lesson_progress. Names are as the catalog has them, without
// quotes.
type Mapping struct {
	// Schema, by default public.
	Schema     string     `json:"schema"`
	Table      string     `json:"table"`
	KeyColumns KeyColumns `json:"keyColumns"`
	// Columns maps a record's field to its column: one of MappingFields, or
	// courseId where KeyColumns has none. A field that is left out or has an
	// empty name is not written.
	Columns map[string]string `json:"columns"`
	// Scale is what a field, one of ScaledFields, is multiplied by to get its
	// column's value: one of Scales, and 1 if left out.
	Scale map[string]string `json:"scale,omitempty"`
	// Fixed are values of further columns, the same in every row, in the form
	// in which Postgres reads the column's type. They are written once, with a
	// new row.
	Fixed map[string]string `json:"fixed,omitempty"`
	// EventMark is a column that the sidecars keep for themselves, a bigint that may
	// be null. Rows of a table without one have no events.
	EventMark string `json:"eventMark,omitempty"`
}

// KeyColumns are the columns of a record's key. Together, or together with
// columns of Fixed, they must have a unique index. Without CourseID a learner has
// one row a lesson, whatever the course.
type KeyColumns struct {
	UserID   string `json:"userId"`
	CourseID string `json:"courseId,omitempty"`
	LessonID string `json:"lessonId"`
}

// MappingFields are the fields that Mapping.Columns may name: the columns of
// progress_sync.lesson_progress besides its key, in camel case.
func MappingFields() []string { return progress.MappedNames(progress.Fields()) }

// SeenFields are those of Mapping.Columns without which the database can't tell whether
// enough of a lesson was seen.
func SeenFields() []string { return []string{"watchedSegments", "watchedStep", "durationSeconds"} }

// courseField is a field of Mapping.Columns where the course is no part of the key.
const courseField = "courseId"

// ScaledFields are the fields that Mapping.Scale may name.
func ScaledFields() []string { return progress.ScaledNames(progress.Fields()) }

// Scales are the values of Mapping.Scale. They are powers of ten, so that a
// value comes back as it was.
func Scales() []string {
	return []string{"0.001", "0.01", "0.1", "10", "100", "1000", "1000000"}
}

const (
	// maxName is the longest name that Postgres keeps whole.
	maxName       = 63
	maxFixedValue = 1000
)

func (m *Mapping) setDefaults() {
	if m.Schema == "" {
		m.Schema = "public"
	}
}

// mistakes names everything that is wrong with a mapping as such; the database
// may know of more.
func (m *Mapping) mistakes() []string {
	if m == nil {
		return nil
	}
	const at = "database.mapping."
	var found []string
	say := func(format string, arguments ...any) {
		found = append(found, at+fmt.Sprintf(format, arguments...))
	}
	used := map[string]string{}
	name := func(field, value string) {
		if value == "" || len(value) > maxName || strings.ContainsFunc(value, unicode.IsControl) {
			say("%s is %q; allowed: a name of 1 to %d bytes without control characters", field, value, maxName)
		}
	}
	column := func(field, value string) {
		name(field, value)
		if other, taken := used[value]; taken && value != "" {
			say("%s is %q, which %s has already; allowed: a column for each", field, value, other)
		}
		used[value] = field
	}
	name("schema", m.Schema)
	name("table", m.Table)
	if m.Schema == "progress_sync" {
		say("schema is %q; allowed: any but the sidecar's own", m.Schema)
	}
	column("keyColumns.userId", m.KeyColumns.UserID)
	if m.KeyColumns.CourseID != "" {
		column("keyColumns.courseId", m.KeyColumns.CourseID)
	}
	column("keyColumns.lessonId", m.KeyColumns.LessonID)
	written := 0
	for _, field := range slices.Sorted(maps.Keys(m.Columns)) {
		switch {
		case field == courseField && m.KeyColumns.CourseID != "":
			say("columns.courseId is given, and keyColumns.courseId too; allowed: one of them")
		case field != courseField && !slices.Contains(MappingFields(), field):
			say("columns.%s is unknown; allowed: %s, and courseId if keyColumns has none", field, strings.Join(MappingFields(), ", "))
		case m.Columns[field] != "":
			column("columns."+field, m.Columns[field])
			if field != courseField {
				written++
			}
		}
	}
	if written == 0 {
		say("columns names no column; allowed: at least one field")
	}
	for _, field := range slices.Sorted(maps.Keys(m.Scale)) {
		switch {
		case !slices.Contains(ScaledFields(), field):
			say("scale.%s has no scale; allowed: %s", field, strings.Join(ScaledFields(), ", "))
		case m.Columns[field] == "":
			say("scale.%s has no column; allowed: fields that columns has", field)
		case !slices.Contains(Scales(), m.Scale[field]):
			say("scale.%s is %q; allowed: %s", field, m.Scale[field], strings.Join(Scales(), ", "))
		}
	}
	for _, c := range slices.Sorted(maps.Keys(m.Fixed)) {
		column("fixed."+c, c)
		if v := m.Fixed[c]; len(v) > maxFixedValue || strings.ContainsRune(v, 0) {
			say("fixed.%s is too long or holds a zero byte; allowed: up to %d bytes", c, maxFixedValue)
		}
	}
	if m.EventMark != "" {
		column("eventMark", m.EventMark)
	}
	return found
}

// Equal reports whether two mappings, either of which may be nil, say the same.
func (m *Mapping) Equal(o *Mapping) bool {
	if m == nil || o == nil {
		return m == o
	}
	return m.Schema == o.Schema && m.Table == o.Table && m.KeyColumns == o.KeyColumns && m.EventMark == o.EventMark &&
		maps.Equal(m.Columns, o.Columns) && maps.Equal(m.Scale, o.Scale) && maps.Equal(m.Fixed, o.Fixed)
}
