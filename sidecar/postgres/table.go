package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// table is one that takes the records: our own, or one that a mapping names.
type table struct {
	name string // qualified and quoted
	// existing is true for one that a mapping names.
	existing bool
	columns  map[string]tableColumn
	fixed    []fixedColumn
}

// tableColumn is where a field of a record goes.
type tableColumn struct {
	name     string // quoted
	kind     string // SQL type
	category string // pg_type.typcategory
	notNull  bool
}

// fixedColumn has the same value in every row.
type fixedColumn struct {
	tableColumn
	value string
	inKey bool // it is a part of the unique index
}

// ownTable is progress_sync.lesson_progress, as the migrations make it.
func ownTable() table {
	t := table{name: "progress_sync.lesson_progress", columns: map[string]tableColumn{}}
	for _, f := range recordFields() {
		c := tableColumn{name: f.column, kind: f.own, category: "N"}
		if f.class == textClass {
			c.category = "S"
		}
		switch f.rule {
		case isKey, sum, either, resets:
			c.notNull = true
		case greatest:
			c.notNull = f.class == numberClass
		default: // nothing was reported yet
		}
		t.columns[f.name] = c
	}
	return t
}

// target is all that is sent to read and write a table.
type target struct {
	name    string          // of the table, qualified and quoted
	mapping *config.Mapping // nil for our own
	// apply writes one batch, snapshot reads, erase deletes a learner's rows, and
	// remains tells whether they are gone.
	apply, snapshot, erase, remains string
	// fixed are the values of apply's last parameters, keyFixed of the others'.
	fixed    [][]byte
	keyFixed []any
	// holds fails for an id of a learner that the key's type can't have.
	holds string
}

func newTarget(mapping *config.Mapping, t table) *target {
	target := &target{
		name: t.name, mapping: mapping, apply: applySQL(t), snapshot: snapshotSQL(t), erase: eraseSQL(t), remains: remainsSQL(t),
		holds: fmt.Sprintf("SELECT %s IS NULL", t.columns["userId"].cast("$1::text", "text")),
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

// uncast is the column as the type of our own table.
func (c tableColumn) uncast(to string) string {
	switch {
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
