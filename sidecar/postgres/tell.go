package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// The types of events.
const (
	EventCompleted = config.EventCompleted
	EventReset     = config.EventReset
	EventLeft      = config.EventLeft
	EventErased    = config.EventErased
)

// batchMark is what stands for a batch in the marks of rows: a hash of its writer, lane
// and number, since the id of one that is replayed is not known. The lowest two bits say
// what the batch has made of the row: 1 completed, 2 reset.
const batchMark = "hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4"

// ownMark is the column for marks in progress_sync.lesson_progress.
const ownMark = "event_mark"

// told are the fields that an event tells.
var told = []string{
	"userId", "courseId", "lessonId", "moduleId", "generation", "completedAt", "percentage", "positionSeconds", "durationSeconds", "timeSpentSeconds",
	"watchedSegments", "watchedStep",
}

// tell builds the parts of applySQL that write events, where rows of the table have them.
type tell struct{ merge }

// canTell reports whether rows of the table that a mapping names, our own for nil, can
// have events.
func canTell(m *config.Mapping) bool { return m == nil || m.EventMark != "" }

// targets are the table's, and the mark.
func (t tell) targets() []string {
	targets := t.table.targets()
	if t.mark != "" {
		targets = append(targets, t.mark)
	}
	return targets
}

// values are those of a row that is to be inserted, of incoming as i.
func (t tell) values() string {
	values := "i." + strings.Join(t.table.targets(), ", i.")
	if t.mark != "" {
		values += ",\n        " + marked(t.insertedFlags(), "NULL")
	}
	return values
}

// assignments are those of a row that is there.
func (t tell) assignments() []string {
	set := t.merge.assignments()
	if t.mark != "" {
		set = append(set, t.mark+" = "+marked(t.mergedFlags(), "l."+t.mark))
	}
	return set
}

func marked(flags, otherwise string) string {
	return fmt.Sprintf("CASE WHEN %s > 0\n            THEN (%s) | (%[1]s) ELSE %[3]s END", flags, batchMark, otherwise)
}

// mergedFlags are those of a row that is there. It is locked then, so that they go by
// what it is, and not by what the statement saw of it at first. A row becomes completed
// if it is in the end and was not, in its generation.
func (t tell) mergedFlags() string {
	var flags []string
	newer := t.newer()
	if c, ok := t.has("completed"); ok {
		again := "NOT " + t.old(c, "false")
		if newer != "" {
			again = fmt.Sprintf("(%s OR %s)", newer, again)
		}
		flags = append(flags, fmt.Sprintf("((%s) AND %s)::integer", t.merged(t.field("completed"), c), again))
	}
	if newer != "" {
		flags = append(flags, fmt.Sprintf("2 * (%s)::integer", newer))
	}
	return sum(flags)
}

func (t tell) insertedFlags() string {
	var flags []string
	if c, ok := t.has("completed"); ok {
		flags = append(flags, fmt.Sprintf("i.%s::integer", c.name))
	}
	if c, ok := t.has("generation"); ok {
		flags = append(flags, fmt.Sprintf("2 * (i.%s > 0)::integer", c.name))
	}
	return sum(flags)
}

func sum(flags []string) string {
	if len(flags) == 0 {
		return "0"
	}
	return strings.Join(flags, "\n            + ")
}

// returned is what the writing of a row returns.
func (t tell) returned() string {
	if t.mark == "" {
		return "1"
	}
	columns := []string{"l." + t.mark + " AS mark"}
	names := told
	if t.departures {
		names = slices.Concat(told, departures{t}.told())
	}
	for _, name := range names {
		f := t.field(name)
		value := "NULL::" + f.own
		if c, ok := t.has(name); ok {
			c.name = "l." + c.name
			value = c.uncast(f.own)
		}
		if name == "generation" {
			value = fmt.Sprintf("coalesce(%s, 0)", value)
		}
		columns = append(columns, value+" AS "+f.Column)
	}
	return strings.Join(columns, ",\n        ")
}

// eventTarget names what the events of a table are of: the table, and where other
// programs have rows there, which are ours.
func (t table) eventTarget() string {
	parts := []string{t.name}
	for _, f := range t.fixed {
		if f.inKey {
			parts = append(parts, f.name+"="+f.value)
		}
	}
	return strings.Join(parts, " ")
}

// statement writes the events of the rows that a query returned (sql/tell.sql).
func (t tell) statement(written string) string {
	if t.mark == "" {
		return ""
	}
	holes := map[string]string{
		"written": written, "batch": batchMark, "course of the key": t.courseOfTheKey(), "completed at": inUTC("w.completed_at"),
		"target": literal(t.eventTarget()), "completed": literal(EventCompleted), "reset": literal(EventReset),
		"departures": "", "departed": "", "left": "", "never left": "",
	}
	if t.departures {
		d := departures{t}
		holes["departures"], holes["departed"] = d.rows(), "\n        "+d.events(written)
		holes["never left"] = ", NULL::timestamptz AS left_at"
		holes["left"] = fmt.Sprintf("\n            || CASE WHEN w.type = %s THEN jsonb_build_object(\n"+
			"                'leftAt', %s, 'completed', w.completed) ELSE '{}' END",
			literal(EventLeft), inUTC("w.left_at"))
	}
	return fill(load("tell.sql"), holes)
}

// courseOfTheKey of a row that is told of: where it is no part of the key, it may change.
func (t tell) courseOfTheKey() string {
	if t.courseIsKey {
		return "w.course_id"
	}
	return "NULL"
}

// inUTC is a time as an event has it.
func inUTC(column string) string {
	return fmt.Sprintf(`to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`, column)
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
