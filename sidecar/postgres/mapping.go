package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// mapped finds the table of a mapping, or all that keeps it from being used.
func (d *Database) mapped(ctx context.Context, q querier, m *config.Mapping) (table, error) {
	t, findings, err := d.examine(ctx, q, m)
	if err != nil {
		return table{}, err
	}
	if wrong := of(findings, refuses, refuses); len(wrong) > 0 {
		return table{}, unfit(nameOf(m), wrong)
	}
	return t, nil
}

// examine lays a mapping over its table and says all there is to say about it.
func (d *Database) examine(ctx context.Context, q querier, m *config.Mapping) (table, []finding, error) {
	r, found, err := d.relation(ctx, q, m)
	if err != nil {
		return table{}, nil, err
	}
	if !found {
		return table{}, []finding{{what: "there is no such table"}}, nil
	}
	if what := noTable(r.kind); what != "" {
		return table{}, []finding{{what: "it is no table but " + what}}, nil
	}
	t, findings := plan(nameOf(m), m, r)
	for _, f := range t.fixed {
		// In a batch it would be taken for a fault of the records.
		err := tryFixed(ctx, q, f)
		if err != nil && Classify(err).Class != BadData {
			return table{}, nil, err
		}
		if err != nil {
			findings = append(findings, finding{what: fmt.Sprintf("the fixed value for column %s is none of its type, %s", f.name, f.declared)})
		}
	}
	return t, findings, nil
}

// noTable says what a relation is that can't take the records, from its
// pg_class.relkind.
func noTable(kind string) string {
	switch kind {
	case "r", "p":
		return ""
	case "v":
		return "a view; name the table that it shows"
	case "m":
		return "a materialized view; name a table that it is made of"
	case "f":
		return "a foreign table, for which Postgres has no ON CONFLICT; let the sidecar connect to the server that has it"
	case "S":
		return "a sequence"
	default:
		return "an index or a type"
	}
}

func nameOf(m *config.Mapping) string { return quoted(m.Schema) + "." + quoted(m.Table) }

func tryFixed(ctx context.Context, q querier, f fixedColumn) error {
	var null bool
	return q.QueryRow(ctx, fmt.Sprintf("SELECT ($1::text)::%s IS NULL", f.declared), f.value).Scan(&null)
}

// plan lays a mapping over a table and lists all that is to be said.
func plan(name string, m *config.Mapping, r relation) (table, []finding) {
	t := table{name: name, existing: true, record: recordFields(), columns: map[string]tableColumn{}, courseIsKey: m.KeyColumns.CourseID != ""}
	s := survey{name: name, mapping: m, relation: r, filled: map[string]bool{}}
	for _, f := range t.fields() {
		if column := columnOf(m, f.Name); column != "" {
			s.field(&t, f, column)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(m.Fixed)) {
		if c, ok := s.use("fixed."+column, column); ok {
			if c.length > 0 && utf8.RuneCountInString(m.Fixed[column]) > c.length {
				s.refuse("the fixed value for column %s is longer than its %d characters", quoted(column), c.length)
			}
			t.fixed = append(t.fixed, fixedColumn{
				tableColumn: tableColumn{name: quoted(column), kind: c.base, category: c.category}, declared: c.kind, value: m.Fixed[column],
			})
		}
	}
	s.mark()
	s.segments(t)
	s.unfilled()
	if index, ok := s.keyIndex(); ok {
		for i := range t.fixed {
			t.fixed[i].inKey = slices.ContainsFunc(index, func(column string) bool { return quoted(column) == t.fixed[i].name })
		}
		s.otherIndexes(index)
	}
	s.rights()
	s.security()
	s.surroundings()
	return t, s.findings
}

// mark takes the column for marks, if one is named. Before a batch has completed or
// reset a row it is null.
func (s *survey) mark() {
	if s.mapping.EventMark == "" {
		return
	}
	c, ok := s.use("eventMark", s.mapping.EventMark)
	if ok && (c.base != "bigint" || c.notNull) {
		s.refuse("column %s for eventMark must be a bigint that may be null", quoted(s.mapping.EventMark))
		return
	}
	if s.mapping.Columns["completed"] == "" && s.mapping.Columns["generation"] == "" {
		s.say(notes, "columns has neither completed nor generation, so that the only events are of learners who are erased")
	}
}

// marklessNote says why there are no events though the policy asks for them.
func marklessNote(name string) string {
	return fmt.Sprintf("the policy asks for events, and database.mapping names no eventMark, so there are none of rows of %[1]s: "+
		"ALTER TABLE %[1]s ADD COLUMN progress_event_mark bigint; and name it there", name)
}

// seenNote says what is missing to complete lessons by what was seen, empty if nothing is.
func seenNote(name string, m *config.Mapping) string {
	var without []string
	for _, field := range config.SeenFields() {
		if m.Columns[field] == "" {
			without = append(without, field)
		}
	}
	if len(without) == 0 {
		return ""
	}
	return fmt.Sprintf("the policy completes lessons by how much was seen (sync.completionBy: Watched), and database.mapping.columns has no %s, so that "+
		"only what one sidecar holds unsaved can complete a lesson: ALTER TABLE %s ADD COLUMN IF NOT EXISTS watched bit varying(%d), "+
		"ADD COLUMN IF NOT EXISTS watched_step smallint; and name them, and the lesson's duration, there", strings.Join(without, ", "), name, progress.MaxSegmentBits)
}

// survey collects what there is to say about a table.
type survey struct {
	name     string
	mapping  *config.Mapping
	relation relation
	filled   map[string]bool
	findings []finding
}

func (s *survey) refuse(format string, arguments ...any) *finding {
	return s.say(refuses, format, arguments...)
}

func (s *survey) say(w weight, format string, arguments ...any) *finding {
	s.findings = append(s.findings, finding{weight: w, what: fmt.Sprintf(format, arguments...)})
	return &s.findings[len(s.findings)-1]
}

// alter is a statement that changes a column.
func (s *survey) alter(column, how string) string {
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s %s", s.name, quoted(column), how)
}

// use takes a column, if it can be written.
func (s *survey) use(field, column string) (relationColumn, bool) {
	s.filled[column] = true
	c, ok := s.relation.columns[column]
	switch {
	case !ok:
		s.refuse("column %s for %s is missing", quoted(column), field)
	case c.isComputed:
		s.refuse("column %s for %s is generated by Postgres", quoted(column), field)
	default:
		return c, true
	}
	return c, false
}

// field takes a column for a field of a record.
func (s *survey) field(t *table, f field, column string) {
	c, ok := s.use(f.Name, column)
	if !ok {
		return
	}
	target := tableColumn{name: quoted(column), kind: c.base, category: c.category, notNull: c.notNull, scale: scale(s.mapping.Scale[f.Name])}
	// With resets, times are compared with their instant, to the microsecond.
	if c.base == "numeric" || s.mapping.Columns["generation"] == "" {
		target.rounded = c.rounded
	}
	target.form, ok = idForm(c)
	_, fraction := target.scale.below()
	switch {
	case !c.fits(f.class):
		s.refuse("column %s for %s is %s and must be %s", quoted(column), f.Name, c.kind, f.class)
	case f.Rule == progress.RuleKey && !ok:
		s.ambiguous(f, column, c)
	case fraction && c.isWhole():
		s.refuse("column %s for %s is %s and can't hold a fraction, which a scale of %s needs", quoted(column), f.Name, c.kind, target.scale).run =
			[]string{s.alter(column, "TYPE double precision")}
	case c.notNull && mayBeUnknown(f, c):
		s.refuse("column %s for %s must allow NULL, for what is not known", quoted(column), f.Name).run = []string{s.alter(column, "DROP NOT NULL")}
	}
	if f.class == textClass && c.length > 0 && c.length < longestID {
		s.say(notes, "column %s for %s holds %d characters; a record with a longer id is set aside", quoted(column), f.Name, c.length)
	}
	t.columns[f.Name] = target
}

// segments says what the mapping lacks to keep what was seen.
func (s *survey) segments(t table) {
	_, bits := t.columns["watchedSegments"]
	_, step := t.columns["watchedStep"]
	switch {
	case s.mapping.Columns["watchedSegments"] != "" && s.mapping.Columns["watchedStep"] == "":
		s.refuse("columns has watchedSegments and no watchedStep, without which nobody knows what they mean; map both, or neither")
	case s.mapping.Columns["watchedSegments"] == "" && s.mapping.Columns["watchedStep"] != "":
		s.refuse("columns has watchedStep and no watchedSegments; map both, or neither")
	case !bits && !step:
		s.say(notes, "watched segments are not kept, since columns has no watchedSegments and watchedStep; lessons are completed without them")
	}
}

// longestID is the most characters that an id may have.
const longestID = 255

// ambiguous says why ids can't be kept in a column: it takes different ones for
// one, by rules that are not ours.
func (s *survey) ambiguous(f field, column string, c relationColumn) {
	why, to := "may take different ids for one, or cut them off", "text"
	switch {
	case c.nondeterministic:
		why, to = "takes different ids for one by its collation", `text COLLATE "C"`
	case c.category == "N":
		to = "bigint"
	}
	s.refuse("column %s for %s is %s, which %s", quoted(column), f.Name, c.kind, why).run = []string{s.alter(column, "TYPE "+to)}
}

func columnOf(m *config.Mapping, field string) string {
	switch field {
	case "userId":
		return m.KeyColumns.UserID
	case "courseId":
		return cmp.Or(m.KeyColumns.CourseID, m.Columns[field])
	case "lessonId":
		return m.KeyColumns.LessonID
	default:
		return m.Columns[field]
	}
}

// mayBeUnknown reports whether a record may have no value for a column, and
// there is none that could stand for it.
func mayBeUnknown(f field, c relationColumn) bool {
	switch f.Rule {
	case progress.RuleStampAt, progress.RuleStampReceived, progress.RuleLeast, progress.RuleUnion, progress.RuleStep:
		return f.Name != "firstWatchedAt"
	case progress.RuleLastWriter:
		return f.Name != "courseId" && f.class == textClass && c.category != "S"
	default:
		return false
	}
}

// keyColumns are the columns of the key, as the mapping has them.
func keyColumns(m *config.Mapping) []string {
	return slices.DeleteFunc([]string{m.KeyColumns.UserID, m.KeyColumns.CourseID, m.KeyColumns.LessonID},
		func(column string) bool { return column == "" })
}

func quotedList(columns []string) string {
	names := make([]string, 0, len(columns))
	for _, column := range columns {
		names = append(names, quoted(column))
	}
	return strings.Join(names, ", ")
}
