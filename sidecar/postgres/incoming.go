package postgres

import (
	"fmt"
	"slices"
	"strings"
)

// incoming builds the part of applySQL that lays the arrays out as rows.
type incoming struct{ table }

// names are those of the columns that are unnested.
func (n incoming) names() []string {
	var names []string
	for _, f := range recordFields() {
		if f.class == textClass {
			names = append(names, f.column)
		}
	}
	return names
}

const firstArray = 7

// arrays are those that are unnested.
func (n incoming) arrays() []string {
	var arrays []string
	for i, f := range recordFields() {
		if f.class == textClass {
			arrays = append(arrays, fmt.Sprintf("$%d::text[]", firstArray+i))
		}
	}
	return arrays
}

// unused are the arrays that the table has no column for. The server has to know
// their types.
func (n incoming) unused() []string {
	var arrays []string
	for i, f := range recordFields() {
		if _, ok := n.has(f.name); !ok && f.class != textClass && f.name != "receivedAt" {
			arrays = append(arrays, fmt.Sprintf("$%d::%s[]", firstArray+i, f.wire()))
		}
	}
	return arrays
}

// wire is the type of the array's elements. Sums of seconds travel as
// microseconds.
func (f field) wire() string {
	if f.name == "timeSpentSeconds" {
		return "bigint"
	}
	return f.own
}

// element is that of a field's array which belongs to an incoming record.
func element(f field) string {
	i := slices.IndexFunc(recordFields(), func(other field) bool { return other.name == f.name })
	return fmt.Sprintf("($%d::%s[])[r.number]", firstArray+i, f.wire())
}

// source is where a field of an incoming record is.
func source(name string) string {
	i := slices.IndexFunc(recordFields(), func(f field) bool { return f.name == name })
	f := recordFields()[i]
	element := element(f)
	switch {
	case f.class == textClass:
		return "r." + f.column
	case f.name == "timeSpentSeconds":
		return element + " / 1e6::float8"
	case f.class == timeClass:
		return "nullif(" + element + ", '-infinity')"
	case f.rule == lastWriter:
		return "nullif(" + element + ", 'NaN')"
	default:
		return element
	}
}

// rows are the rows to be, in the types of the table and under the names of
// its columns; of the fields, those that are asked for.
func (n incoming) rows(asked func(field) bool) string {
	return fmt.Sprintf(`SELECT
        %s
    FROM claim, unnest(
        %s
    ) WITH ORDINALITY AS r (%s, number)
    WHERE NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
       OR NOT EXISTS (
           SELECT FROM progress_sync.erasures AS e
           WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND %s <= e.erased_at)`,
		strings.Join(n.values(asked), ",\n        "), strings.Join(n.arrays(), ", "), strings.Join(n.names(), ", "), source("receivedAt"))
}

func (n incoming) values(asked func(field) bool) []string {
	var values []string
	add := func(value, name string) {
		if value != "r."+name {
			value += " AS " + name
		}
		values = append(values, value)
	}
	for _, f := range n.written() {
		if !asked(f) {
			continue
		}
		from := source(f.name)
		c, _ := n.has(f.name)
		if (f.name == "firstWatchedAt" || f.name == "lastWatchedAt") && c.notNull { // a reset has none
			from = fmt.Sprintf("coalesce(%s, %s)", from, source("receivedAt"))
		}
		from = scaled(c, f, from)
		if f.rule == lastWriter && c.notNull && f.name != "courseId" {
			add(from+" IS NOT NULL", reported(f))
			from = fmt.Sprintf("coalesce(%s, %s)", from, unreported(f))
		}
		add(c.rounds(c.cast(from, f.own)), c.name)
	}
	for i, f := range n.fixed {
		add(fmt.Sprintf("$%d::text::%s", firstArray+len(recordFields())+i, f.kind), f.name)
	}
	return values
}

// scaled is a field's source in the column's unit.
func scaled(c tableColumn, f field, from string) string {
	switch {
	case c.scale == "":
		return from
	case f.name == "timeSpentSeconds":
		return c.scale.sum(element(f))
	default:
		return c.scale.column(from)
	}
}

// reported is the column of incoming that says whether a record has a value for
// a column that can't be null.
func reported(f field) string { return quoted(f.name + " reported") }

// unreported stands in a column that can't be null.
func unreported(f field) string {
	if f.class == textClass {
		return "''"
	}
	return "0"
}
