package postgres

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// table is one that takes the records: our own, or one that a mapping names.
type table struct {
	name string // qualified and quoted
	// existing is true for one that a mapping names.
	existing bool
	record   []field // all fields of a record
	columns  map[string]tableColumn
	fixed    []fixedColumn
	// courseIsKey is false for a table that has one row a lesson, whatever the
	// course.
	courseIsKey bool
	// mark is the column, quoted, by which a batch finds the rows that it has completed
	// or reset, and tells of them; empty if their rows have no events.
	mark string
	// departures says that who left has an event too.
	departures bool
	// watchedToComplete is the percentage of a lesson that has to be seen to complete
	// it; 0 where that completes none.
	watchedToComplete float64
	// daily says that what learners did is added to their days.
	daily bool
}

// fields are those of a record as the table takes them.
func (t table) fields() []field {
	fields := slices.Clone(t.record)
	for i, f := range fields {
		if f.Name == "courseId" && !t.courseIsKey {
			fields[i].Rule = progress.RuleLastWriter
		}
	}
	return fields
}

// field is the one of that name.
func (t table) field(name string) field {
	return t.record[slices.IndexFunc(t.record, func(f field) bool { return f.Name == name })]
}

func (t table) has(field string) (tableColumn, bool) {
	c, ok := t.columns[field]
	return c, ok
}

// written are the fields that the table has a column for.
func (t table) written() []field {
	var fields []field
	for _, f := range t.fields() {
		if _, ok := t.has(f.Name); ok {
			fields = append(fields, f)
		}
	}
	return fields
}

func (t table) targets() []string {
	var names []string
	for _, f := range t.written() {
		c, _ := t.has(f.Name)
		names = append(names, c.name)
	}
	for _, f := range t.fixed {
		names = append(names, f.name)
	}
	return names
}

// forms are those of a mapped table, nil if it keeps every key as it is.
func (t table) forms() *KeyForms {
	course, kept := t.columns["courseId"]
	f := &KeyForms{
		user: t.columns["userId"].form, course: course.form, lesson: t.columns["lessonId"].form,
		courseIsKey: t.courseIsKey, courseIsKept: kept,
	}
	if f.courseIsKey && f.user == nil && f.course == nil && f.lesson == nil {
		return nil
	}
	return f
}

// tableColumn is where a field of a record goes.
type tableColumn struct {
	name     string // quoted
	kind     string // SQL type
	category string // pg_type.typcategory
	notNull  bool
	rounded  string // the type with a precision that values are rounded to
	scale    scale
	form     form // of ids
}

// fixedColumn has the same value in every row.
type fixedColumn struct {
	tableColumn
	declared string // SQL type, a domain as such
	value    string
	inKey    bool // it is a part of the unique index
}

// ownTable is progress_sync.lesson_progress, as the migrations make it.
func ownTable() table { return ownTableOf(recordFields()) }

func ownTableOf(record []field) table {
	t := table{name: "progress_sync.lesson_progress", record: record, columns: map[string]tableColumn{}, courseIsKey: true}
	for _, f := range record {
		if f.Column == "" {
			continue
		}
		c := tableColumn{name: f.Column, kind: f.own, category: "N"}
		if f.class == textClass {
			c.category = "S"
		}
		switch f.Rule {
		case progress.RuleKey, progress.RuleSum, progress.RuleEither, progress.RuleGeneration:
			c.notNull = true
		case progress.RuleGreatest:
			c.notNull = f.class == numberClass
		default: // nothing was reported yet
		}
		t.columns[f.Name] = c
	}
	return t
}

// telling is the table with a column for marks, quoted.
func (t table) telling(mark string, departures bool) table {
	t.mark, t.departures = mark, departures
	return t
}

// withoutSegments is the table for a schema that has no segments yet.
func (t table) withoutSegments() table {
	t.columns = maps.Clone(t.columns)
	for _, f := range t.record {
		if f.Type == progress.TypeSegments || f.Type == progress.TypeStep {
			delete(t.columns, f.Name)
		}
	}
	return t
}

// target is all that is sent to read and write a table.
type target struct {
	name    string          // of the table, qualified and quoted
	mapping *config.Mapping // nil for our own
	events  bool            // whether apply and an erasure write events
	// departures is that of the options that it was made for.
	departures bool
	told       string // what the events are of
	// watchedToComplete is that of the options that it was made for.
	watchedToComplete float64
	// daily is that of the options that it was made for, whether or not the schema has days.
	daily bool
	// renew is when to see whether the schema has by now what it lacked, zero for never.
	renew time.Time
	// apply writes one batch, snapshot reads, erase deletes a learner's rows, and
	// remains tells whether they are gone.
	apply, snapshot, erase, remains string
	// courseReport reads the statistics of a course, empty where no course is kept.
	courseReport string
	// fixed are the values of apply's last parameters, keyFixed of the others'.
	fixed    [][]byte
	keyFixed []any
	forms    *KeyForms
}

// serves reports whether the target is what the options ask for.
func (t *target) serves(o Options) bool {
	return t.mapping.Equal(o.Mapping) && t.events == o.tells() && t.departures == o.Departures && t.watchedToComplete == o.WatchedToComplete && t.daily == o.ActivityDaily
}

func newTarget(mapping *config.Mapping, t table) *target {
	target := &target{
		name: t.name, mapping: mapping, events: t.mark != "", told: t.eventTarget(), watchedToComplete: t.watchedToComplete,
		apply: applySQL(t), snapshot: snapshotSQL(t), erase: eraseSQL(t), remains: remainsSQL(t),
		courseReport: courseReportSQL(t), forms: t.forms(),
	}
	for _, f := range t.fixed {
		target.fixed = append(target.fixed, []byte(f.value))
		if f.inKey {
			target.keyFixed = append(target.keyFixed, f.value)
		}
	}
	return target
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// cast makes an expression of the type from into one of the column's type.
func (c tableColumn) cast(expression, from string) string {
	switch {
	case c.kind == from:
		return expression
	case from == "timestamp with time zone" && c.isLocalTime():
		return fmt.Sprintf("(%s AT TIME ZONE 'UTC')", expression)
	default:
		return fmt.Sprintf("(%s)::%s", expression, c.kind)
	}
}

// rounds a value as the column would, so that it is compared as it will be there.
func (c tableColumn) rounds(value string) string {
	if c.rounded == "" {
		return value
	}
	return fmt.Sprintf("(%s)::%s", value, c.rounded)
}

// uncast is the column as the type of our own table, and in its unit.
func (c tableColumn) uncast(to string) string {
	switch {
	case c.scale != "":
		return c.scale.field(c)
	case c.kind == to:
		return c.name
	case to == "timestamp with time zone" && c.isLocalTime():
		return fmt.Sprintf("(%s AT TIME ZONE 'UTC')", c.name)
	default:
		return fmt.Sprintf("%s::%s", c.name, to)
	}
}

// isLocalTime: such a column gets the time in UTC.
func (c tableColumn) isLocalTime() bool { return c.kind == "timestamp without time zone" }

// bytewise is the order in which all sidecars lock rows.
func (c tableColumn) bytewise() string {
	if c.category == "S" {
		return ` COLLATE "C"`
	}
	return ""
}
