package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

// ErrNoCourses says that the mapped table does not say of which course a row is.
var ErrNoCourses = errors.New("the table keeps no course")

// ErrTooManyLessons says that a course has more lessons than one answer holds.
var ErrTooManyLessons = fmt.Errorf("more than %d lessons", stats.MaxLessons)

// KeptBy says which fields the table of a mapping keeps, our own for nil.
func KeptBy(m *config.Mapping) stats.Kept {
	if m == nil {
		return stats.KeptAll()
	}
	has := func(field string) bool { return columnOf(m, field) != "" }
	return stats.Kept{
		Course: has("courseId"), Completed: has("completed"), Percentage: has("percentage"),
		TimeSpent: has("timeSpentSeconds"), FirstSeen: has("firstWatchedAt"), LastSeen: has("lastWatchedAt"),
	}
}

// courseReportSQL is course_lessons of one course (sql/course_report.sql).
//
// Parameters: $1 course in the table's form or null for none, $2 the same for the
// catalogue, then the fixed values of the key.
func courseReportSQL(t table) string {
	if !t.keepsCourse() {
		return ""
	}
	asked := append([]string{equals(t.columns["courseId"], 1)}, t.fixedKey(3)...)
	return fill(load("course_report.sql"), map[string]string{
		"visible": visibleSQL(t),
		"lessons": viewSQL(t, CourseLessons, strings.Join(asked, " AND "), "l.course_id = $2::text"),
		"most":    fmt.Sprint(stats.MaxLessons + 1),
	})
}

// CourseLessons returns what all learners did of a course, as far as it is saved. It
// takes as long as the rows of the course are many.
func (d *Database) CourseLessons(ctx context.Context, courseID string) ([]stats.CourseLesson, error) {
	s := d.session()
	var lessons []stats.CourseLesson
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.reported(ctx, s.options, conn)
		if err != nil {
			return err
		}
		if t.courseReport == "" {
			return ErrNoCourses
		}
		id, fits := t.courseForm(courseID)
		arguments := append([]any{pgtype.Text{String: id, Valid: fits}, id}, t.keyFixed...)
		return withSettings(ctx, conn, d.sql.reportSettings, s.options.StatementTimeout, t.courseReport, func(rows pgx.Rows) (err error) {
			lessons, err = scanCourse(rows, t.name)
			return err
		}, arguments...)
	})
	if err == nil && len(lessons) > stats.MaxLessons {
		err = ErrTooManyLessons
	}
	if err != nil {
		d.forgetSchema(err)
		return nil, named("reading the statistics of a course", err)
	}
	return lessons, nil
}

func scanCourse(rows pgx.Rows, table string) ([]stats.CourseLesson, error) {
	defer rows.Close()
	var lessons []stats.CourseLesson
	for rows.Next() {
		var visible bool
		var id *string
		var learners *int64
		var l stats.CourseLesson
		if err := rows.Scan(&visible, &id, &learners, &l.Completed, &l.CompletionPercent, &l.MedianPercent, &l.MedianPositionSeconds,
			&l.UnfinishedByTenth, &l.Weight, &l.Required); err != nil {
			return nil, err
		}
		if !visible {
			return nil, rowsHidden(table)
		}
		if id != nil {
			l.LessonID, l.Learners = *id, *learners
			lessons = append(lessons, l)
		}
	}
	return lessons, rows.Err()
}

// Listed returns what the catalogue says of the courses and lessons of records, and of
// one course more unless its id is empty.
func (d *Database) Listed(ctx context.Context, courseID string, records []progress.Record) (stats.Catalogue, error) {
	s := d.session()
	listed := stats.Catalogue{Courses: map[string]stats.Totals{}, Lessons: make([]stats.Listed, len(records))}
	err := d.withConnection(ctx, s, s.options.ReadTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.reported(ctx, s.options, conn)
		if err != nil {
			return err
		}
		courses, lessons := make([]string, len(records)), make([]string, len(records))
		asked := map[string][]string{} // courses as they were asked for, by their form
		for i := range records {
			k := t.forms.Form(records[i].Key)
			courses[i], lessons[i] = k.CourseID, k.LessonID
			if !slices.Contains(asked[k.CourseID], records[i].CourseID) {
				asked[k.CourseID] = append(asked[k.CourseID], records[i].CourseID)
			}
		}
		if courseID != "" {
			id, _ := t.courseForm(courseID)
			asked[id] = append(asked[id], courseID)
		}
		distinct := make([]string, 0, len(asked))
		for course := range asked {
			distinct = append(distinct, course)
		}
		return d.bounded(ctx, conn, s.options.ReadTimeout, d.sql.listed, func(rows pgx.Rows) error {
			return scanListed(rows, asked, &listed)
		}, distinct, courses, lessons)
	})
	if isUndefinedTable(err) {
		return stats.Catalogue{}, nil // without the table nobody has told any
	}
	if err != nil {
		d.forgetSchema(err)
		return stats.Catalogue{}, named("reading the catalogue", err)
	}
	return listed, nil
}

func scanListed(rows pgx.Rows, asked map[string][]string, listed *stats.Catalogue) error {
	var n, lessons, weight, required, requiredWeight pgtype.Int8
	var course pgtype.Text
	_, err := pgx.ForEachRow(rows, []any{&n, &course, &lessons, &weight, &required, &requiredWeight}, func() error {
		if n.Valid {
			listed.Lessons[n.Int64-1] = stats.Listed{Weight: weight.Int64, Required: required.Int64 > 0}
			return nil
		}
		for _, id := range asked[course.String] {
			listed.Courses[id] = stats.Totals{
				Lessons: lessons.Int64, Weight: weight.Int64, RequiredLessons: required.Int64, RequiredWeight: requiredWeight.Int64,
			}
		}
		return nil
	})
	return err
}

// Catalogue returns the lessons of a course as they were told, sorted by id; none if
// nobody has told any.
func (d *Database) Catalogue(ctx context.Context, courseID string) ([]stats.Lesson, error) {
	s := d.session()
	var lessons []stats.Lesson
	err := d.withConnection(ctx, s, s.options.ReadTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.reported(ctx, s.options, conn)
		if err != nil {
			return err
		}
		id, _ := t.courseForm(courseID)
		return d.bounded(ctx, conn, s.options.ReadTimeout, d.sql.catalogue, func(rows pgx.Rows) (err error) {
			lessons, err = pgx.CollectRows(rows, pgx.RowToStructByPos[stats.Lesson])
			return err
		}, id)
	})
	if isUndefinedTable(err) {
		return nil, nil
	}
	return lessons, named("reading the catalogue", err)
}

// PutCatalogue replaces the lessons of a course by these, which are distinct; without
// any the course has no catalogue. It returns how many rows differ from what was
// there.
func (d *Database) PutCatalogue(ctx context.Context, courseID string, lessons []stats.Lesson) (changed int64, err error) {
	s := d.session()
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if !d.catalogued.Load() {
			if _, err := d.upgrade(ctx, s.options, conn, versionToReport, statisticsMissing); err != nil {
				return err
			}
			d.catalogued.Store(true)
		}
		t, err := d.reported(ctx, s.options, conn)
		if err != nil {
			return err
		}
		id, ids, weights, required := inForm(t, courseID, lessons)
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, d.sql.statementTimeout, serverTimeout(ctx, s.options.StatementTimeout)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, d.sql.catalogueLock, id); err != nil {
				return err
			}
			removed, err := tx.Exec(ctx, d.sql.catalogueRemove, id, ids)
			if err != nil {
				return err
			}
			put, err := tx.Exec(ctx, d.sql.cataloguePut, id, ids, weights, required)
			changed = removed.RowsAffected() + put.RowsAffected()
			return err
		})
	})
	if err != nil {
		d.catalogued.Store(false)
		d.forgetSchema(err)
		return 0, named("writing the catalogue", err)
	}
	return changed, nil
}

// inForm are the lessons with ids as the table gives them back. Of two that are one to
// the table the later counts.
func inForm(t *target, courseID string, lessons []stats.Lesson) (id string, ids []string, weights []int32, required []bool) {
	id, _ = t.courseForm(courseID)
	at := map[string]int{}
	ids = make([]string, 0, len(lessons))
	for _, l := range lessons {
		lesson := t.forms.Form(progress.Key{LessonID: l.LessonID}).LessonID
		i, again := at[lesson]
		if !again {
			i, at[lesson] = len(ids), len(ids)
			ids, weights, required = append(ids, lesson), append(weights, 0), append(required, false)
		}
		weights[i], required[i] = int32(l.Weight), l.Required
	}
	return id, ids, weights, required
}

// courseForm is a course's id as the table gives it back, and false if it can hold none
// such.
func (t *target) courseForm(id string) (string, bool) {
	if t.forms == nil {
		return id, true
	}
	return t.forms.course.of(id)
}

// reported is what statistics are read from. Nothing is created for them.
func (d *Database) reported(ctx context.Context, options Options, conn *pgxpool.Conn) (*target, error) {
	if t := d.reports.Load(); t != nil && t.target.mapping.Equal(options.Mapping) && time.Since(t.at) < reportedFor {
		return t.target, nil
	}
	state, err := d.inspect(ctx, conn)
	if err != nil {
		return nil, err
	}
	options.Events = false // reading needs none of their columns
	t, err := d.find(ctx, options, conn, state, false)
	if err == nil {
		d.reports.Store(&foundTarget{t, time.Now()})
	}
	return t, err
}

// reportedFor is how long a mapped table is taken for what it was when it was examined.
const reportedFor = time.Minute

// foundTarget is a target as it was at a moment.
type foundTarget struct {
	target *target
	at     time.Time
}

func isUndefinedTable(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "42P01"
}
