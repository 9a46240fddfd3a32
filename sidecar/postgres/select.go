package postgres

import (
	"fmt"
	"strings"
)

// snapshotSQL reads a learner's rows and a writer's ledger (sql/snapshot.sql).
//
// Parameters: $1 writer, $2 user or null for nothing, $3 course or empty for all,
// which it must be where the course is no part of the key, $4 lesson or empty for
// all, $5 most rows, then the fixed values of the key.
func snapshotSQL(t table) string {
	key := func(name string) tableColumn { return t.columns[name] }
	var columns []string
	for _, f := range t.record {
		if f.Column == "" {
			continue
		}
		if c, ok := t.columns[f.Name]; ok {
			columns = append(columns, c.uncast(f.own)+" AS "+f.Column)
		} else {
			columns = append(columns, fmt.Sprintf("NULL::%s AS %s", f.own, f.Column))
		}
	}
	where := []string{
		equals(key("userId"), 2),
		"$3::text = ''",
		ifGiven(key("lessonId"), 4),
	}
	if t.courseIsKey {
		where[1] = ifGiven(key("courseId"), 3)
	}
	var order []string
	for _, c := range t.keys() {
		order = append(order, bytewiseText(c))
	}
	where = append(where, t.fixedKey(6)...)
	return fill(load("snapshot.sql"), map[string]string{
		"visible": visibleSQL(t),
		"columns": strings.Join(columns, ",\n        "),
		"table":   t.name,
		"asked":   strings.Join(where, "\n      AND "),
		"order":   strings.Join(order, ", "),
	})
}

// eraseSQL deletes a learner's rows.
//
// Parameters: $1 user or null for nothing, then the fixed values of the key.
func eraseSQL(t table) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s", t.name, ofLearner(t))
}

// remainsSQL says whether there are still rows of a learner, and whether that
// can be known.
//
// Parameters: those of eraseSQL.
func remainsSQL(t table) string {
	return fmt.Sprintf("SELECT EXISTS (SELECT FROM %s WHERE %s),\n        %s", t.name, ofLearner(t), visibleSQL(t))
}

func ofLearner(t table) string {
	return strings.Join(append([]string{equals(t.columns["userId"], 1)}, t.fixedKey(2)...), " AND ")
}

// visibleSQL is true if row-level security hides no row of the table from the role
// (sql/visible.sql).
func visibleSQL(t table) string {
	name := "'" + strings.ReplaceAll(t.name, "'", "''") + "'::regclass"
	return fill(load("visible.sql"), map[string]string{"table": name})
}

func equals(c tableColumn, parameter int) string {
	return fmt.Sprintf("%s = %s", c.name, c.cast(fmt.Sprintf("$%d::text", parameter), "text"))
}

// ifGiven is equals for a parameter that may be empty. Nothing empty is cast,
// whenever the server evaluates it.
func ifGiven(c tableColumn, parameter int) string {
	value := fmt.Sprintf("$%d::text", parameter)
	if c.kind == "text" {
		return fmt.Sprintf("(%s = '' OR %s = %[1]s)", value, c.name)
	}
	return fmt.Sprintf("(%s = '' OR %s = %s)", value, c.name, c.cast("nullif("+value+", '')", "text"))
}

// fixedKey leaves the rows with our fixed values, among others with their own.
func (t table) fixedKey(parameter int) []string {
	var conditions []string
	for _, f := range t.fixed {
		if f.inKey {
			conditions = append(conditions, equals(f.tableColumn, parameter))
			parameter++
		}
	}
	return conditions
}

// bytewiseText is the order of progress.Key. Our own table has it by itself,
// and in its index.
func bytewiseText(c tableColumn) string {
	if c.kind == "text" {
		return c.name + ` COLLATE "C"`
	}
	return c.name + `::text COLLATE "C"`
}
