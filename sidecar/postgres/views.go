package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// View names a view of our schema over our own table. That over a mapped table has the
// table's name behind it.
type View string

const (
	LearnerCourse View = "learner_course"
	CourseLessons View = "course_lessons"
	LearnerTotals View = "learner_totals"
)

// views are all, with what is said of them in the catalog.
var views = []struct {
	name    View
	comment string
}{
	{LearnerCourse, "A row for each learner and course: what was started and completed, percent of the course, time and last visit."},
	{CourseLessons, "A row for each course and lesson: learners, completions, medians, and how far those came who did not complete it."},
	{LearnerTotals, "A row for each learner: sums over all courses."},
}

// viewsSQL makes the views over the rows of a table for which asked holds, if not empty,
// each under its name.
func viewsSQL(t table, asked string, name func(View) string) string {
	var b strings.Builder
	for _, v := range views {
		if !t.keepsCourse() && v.name != LearnerTotals {
			continue
		}
		fmt.Fprintf(&b, "CREATE OR REPLACE VIEW %s AS\n%s;\nCOMMENT ON VIEW %[1]s IS '%[3]s';\n\n", name(v.name), viewSQL(t, v.name, asked, ""), v.comment)
	}
	return strings.TrimSpace(b.String())
}

// viewSQL is the query of a view (sql/views). asked and askedCatalogue, if not empty,
// are conditions on the rows of the table and of the catalogue.
func viewSQL(t table, view View, asked, askedCatalogue string) string {
	completions, listed, required := "NULL::bigint", "NULL::bigint", "NULL::bigint"
	still := ""
	if _, ok := t.has("completed"); ok {
		completions = "count(*) FILTER (WHERE p.completed)"
		listed = "count(*) FILTER (WHERE p.completed AND l.weight IS NOT NULL)"
		required = "count(*) FILTER (WHERE p.completed AND l.required)"
		still = "NOT p.completed AND "
	}
	nothing, tenths := "0", make([]string, 10)
	for i := range tenths {
		tenths[i] = fmt.Sprintf("count(*) FILTER (WHERE %sp.tenth = %d)", still, i)
	}
	reached := "ARRAY[\n        " + strings.Join(tenths, ",\n        ") + "\n    ]"
	if !t.keepsDone() {
		nothing, reached = "NULL", "NULL::bigint[]"
	}
	courses := "count(DISTINCT p.course_id)"
	if !t.keepsCourse() {
		courses = "NULL::bigint"
	}
	if askedCatalogue != "" {
		askedCatalogue = "\n    WHERE " + askedCatalogue
	}
	query := load("views/" + string(view) + ".sql")
	before, _, _ := strings.Cut(query, "{started}")
	indent := before[strings.LastIndexByte(before, '\n'):]
	return fill(query, map[string]string{
		"started":              strings.ReplaceAll(startedSQL(t, asked), "\n", indent),
		"completions":          completions,
		"listed completions":   listed,
		"required completions": required,
		"nothing":              nothing,
		"tenths":               reached,
		"courses":              courses,
		"asked catalogue":      askedCatalogue,
	})
}

// startedSQL are the rows of a table in the columns that the views are made of
// (sql/views/started.sql). A row that a reset has left behind has none of what tells
// that a learner was there.
func startedSQL(t table, asked string) string {
	completed, done := "NULL::boolean", "NULL::bigint"
	if c, ok := t.has("completed"); ok {
		completed = notNull(c, c.name, "false")
		done = fmt.Sprintf("CASE WHEN %s THEN 100000000 ELSE 0 END::bigint", completed)
	}
	if c, ok := t.has("percentage"); ok {
		done = fmt.Sprintf("round(least(greatest(%s, 0), 100) * 1e6::float8)::bigint", notNull(c, number(c), "0"))
		if completed != "NULL::boolean" {
			done = fmt.Sprintf("CASE WHEN %s THEN 100000000 ELSE %s END", completed, done)
		}
	}
	spent, position := "NULL::bigint", "NULL::float8"
	if c, ok := t.has("timeSpentSeconds"); ok {
		spent = fmt.Sprintf("round(%s * 1e6::float8)::bigint", notNull(c, number(c), "0"))
	}
	if c, ok := t.has("maxPositionSeconds"); ok {
		position = notNull(c, number(c), "0")
	}
	first, last := "NULL::timestamptz", "NULL::timestamptz"
	if c, ok := t.has("firstWatchedAt"); ok {
		first = c.uncast("timestamp with time zone")
	}
	if c, ok := t.has("lastWatchedAt"); ok {
		last = c.uncast("timestamp with time zone")
	}
	course := "NULL::text"
	if c, ok := t.has("courseId"); ok {
		course = asText(c)
	}
	if asked != "" {
		asked = "\n  AND " + asked
	}
	return fill(load("views/started.sql"), map[string]string{
		"user": t.columns["userId"].name, "course": course, "lesson": asText(t.columns["lessonId"]),
		"completed": completed, "done": done, "position": position, "spent": spent, "first": first, "last": last,
		"table": t.name, "started": strings.Join(signs(t), " OR "), "asked": asked,
	})
}

// signs are conditions of which one holds for a row that a learner has begun.
// stats.Started asks the same.
func signs(t table) []string {
	var conditions []string
	for _, name := range []string{
		"updateCount", "percentage", "lastWatchedAt", "completed", "maxPositionSeconds", "positionSeconds", "watchedSeconds", "timeSpentSeconds",
	} {
		c, ok := t.has(name)
		switch class := t.field(name).class; {
		case !ok:
		case class == booleanClass:
			conditions = append(conditions, c.name)
		case class == timeClass:
			conditions = append(conditions, c.name+" IS NOT NULL")
		default:
			conditions = append(conditions, c.name+" > 0")
		}
	}
	if len(conditions) == 0 {
		return []string{"true"}
	}
	return conditions
}

// keepsCourse reports whether the table says of which course a row is.
func (t table) keepsCourse() bool { _, ok := t.has("courseId"); return ok }

// keepsDone reports whether the table says how much of a lesson is done.
func (t table) keepsDone() bool {
	_, percentage := t.has("percentage")
	_, completed := t.has("completed")
	return percentage || completed
}

func number(c tableColumn) string { return c.uncast("double precision") }

// notNull is an expression with a value for null, where the column may be that.
func notNull(c tableColumn, expression, otherwise string) string {
	if c.notNull {
		return expression
	}
	return fmt.Sprintf("coalesce(%s, %s)", expression, otherwise)
}

// asText is an id as the catalogue has it.
func asText(c tableColumn) string {
	if c.kind == "text" && c.form == nil && c.notNull {
		return c.name
	}
	return fmt.Sprintf(`%s::text COLLATE "C"`, c.name)
}

// assumed is a mapping's table as far as the mapping tells, for SQL that is printed
// where no database is at hand: it casts more than it may have to.
func assumed(m *config.Mapping) table {
	t := table{name: nameOf(m), existing: true, record: recordFields(), columns: map[string]tableColumn{}, courseIsKey: m.KeyColumns.CourseID != ""}
	for _, f := range t.record {
		column := columnOf(m, f.Name)
		if column == "" {
			continue
		}
		c := tableColumn{name: quoted(column), scale: scale(m.Scale[f.Name])}
		switch {
		case c.scale != "":
			c.kind = "real" // the text of which is exact for all number types
		case f.class == timeClass:
			c.kind = f.own // as it is: what a timestamp without zone says is UTC
		}
		t.columns[f.Name] = c
	}
	return t
}

// ViewsSQL makes the views over the table of a mapping, or over our own for nil, to be
// piped into psql by a role that may read the table. It may be run again, after the
// migrations.
func ViewsSQL(m *config.Mapping) string {
	if m == nil {
		return "BEGIN;\n" + viewsSQL(ownTable(), "", func(v View) string { return "progress_sync." + string(v) }) + "\nCOMMIT;\n"
	}
	t := assumed(m)
	comment := "-- Views for statistics over " + t.name + ", to be run by a role that may read it.\n"
	// Which of the fixed values are part of the key is not known here.
	var ours []string
	for _, column := range slices.Sorted(maps.Keys(m.Fixed)) {
		ours = append(ours, fmt.Sprintf("%s = '%s'", quoted(column), strings.ReplaceAll(m.Fixed[column], "'", "''")))
	}
	if len(ours) > 0 {
		comment += "-- They show the rows with the fixed values. Where a column of those is no part of the unique index, and rows with\n" +
			"-- other values count too, remove the condition on it.\n"
	}
	views := viewsSQL(t, strings.Join(ours, " AND "), func(v View) string { return "progress_sync." + quoted(MappedView(v, m)) })
	return comment + "BEGIN;\n" + views + "\nCOMMIT;\n"
}

// MappedView is the name of a view over a mapping's table.
func MappedView(v View, m *config.Mapping) string {
	name := string(v) + "_" + m.Schema + "__" + m.Table
	if m.Schema == "public" {
		name = string(v) + "_" + m.Table
	}
	const longest, kept = 63, 8 // of Postgres, in bytes; of the sum that tells long ones apart
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:longest-kept-1], "") + "_" + hex.EncodeToString(sum[:kept/2])
}
