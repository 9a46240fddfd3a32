package postgres

import (
	"fmt"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// incoming builds the part of applySQL that lays the arrays out as rows.
type incoming struct{ table }

// names are those of the columns that are unnested.
func (n incoming) names() []string {
	var names []string
	for _, f := range n.record {
		if f.class == textClass {
			names = append(names, f.Column)
		}
	}
	return names
}

const firstArray = 7

// arrays are those that are unnested.
func (n incoming) arrays() []string {
	var arrays []string
	for _, f := range n.record {
		if f.class == textClass {
			arrays = append(arrays, fmt.Sprintf("$%d::text[]", f.array))
		}
	}
	return arrays
}

// unused are the arrays that the table has no column for. The server has to know
// their types.
func (n incoming) unused() []string {
	var arrays []string
	for _, f := range n.record {
		if _, ok := n.has(f.Name); !ok && f.class != textClass && f.Name != "receivedAt" && f.Name != "leftAt" {
			arrays = append(arrays, fmt.Sprintf("$%d::%s", f.array, f.parameter()))
		}
	}
	return arrays
}

// unusedTypes names the types of the arrays that are unused.
func (n incoming) unusedTypes() string {
	arrays := n.unused()
	if len(arrays) == 0 {
		return ""
	}
	return ", unused AS (\n    SELECT " + strings.Join(arrays, ", ") + "\n)"
}

// element is that of a field's array which belongs to an incoming record.
func element(f field) string {
	return fmt.Sprintf("($%d::%s)[r.number]", f.array, f.parameter())
}

// source is where a field of an incoming record is.
func source(f field) string {
	if f.Type == progress.TypeSegments {
		return segments(f)
	}
	element := element(f)
	switch {
	case f.Type == progress.TypeStep:
		return fmt.Sprintf("nullif((%s & 65535)::smallint, 0)", element)
	case f.class == textClass:
		return "r." + f.Column
	case f.Type == progress.TypeMicroseconds:
		return element + " / 1e6::float8"
	case f.class == timeClass:
		return "nullif(" + element + ", '-infinity')"
	case f.Rule == progress.RuleLastWriter:
		return "nullif(" + element + ", 'NaN')"
	default:
		return element
	}
}

// rows are the rows to be (sql/incoming.sql); of the fields, those that are asked
// for.
func (n incoming) rows(asked func(field) bool) string {
	return n.lines(n.values(asked))
}

// lines has values for each record but a departure, which changes no row.
func (n incoming) lines(values []string) string {
	return n.linesWhere("NOT ("+n.isDeparture()+")", values)
}

// linesWhere has values for each record of which a condition holds.
func (n incoming) linesWhere(condition string, values []string) string {
	return fill(load("incoming.sql"), map[string]string{
		"condition": condition,
		"values":    strings.Join(values, ",\n        "),
		"texts":     strings.Join(n.arrays(), ", "),
		"names":     strings.Join(n.names(), ", "),
		"received":  source(n.field("receivedAt")),
	})
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
		from := source(f)
		c, _ := n.has(f.Name)
		if (f.Name == "firstWatchedAt" || f.Name == "lastWatchedAt") && c.notNull { // a reset has none
			from = fmt.Sprintf("coalesce(%s, %s)", from, source(n.field("receivedAt")))
		}
		from = scaled(c, f, from)
		if f.Rule == progress.RuleLastWriter && c.notNull && f.Name != "courseId" {
			add(from+" IS NOT NULL", reported(f))
			from = fmt.Sprintf("coalesce(%s, %s)", from, unreported(f))
		}
		add(c.rounds(c.cast(from, f.own)), c.name)
	}
	for i, f := range n.fixed {
		add(fmt.Sprintf("$%d::text::%s", firstArray+len(n.record)+i, f.kind), f.name)
	}
	return values
}

// scaled is a field's source in the column's unit.
func scaled(c tableColumn, f field, from string) string {
	switch {
	case c.scale == "":
		return from
	case f.Type == progress.TypeMicroseconds:
		return c.scale.sum(element(f))
	default:
		return c.scale.column(from)
	}
}

// reported is the column of incoming that says whether a record has a value for
// a column that can't be null.
func reported(f field) string { return quoted(f.Name + " reported") }

// unreported stands in a column that can't be null.
func unreported(f field) string {
	if f.class == textClass {
		return "''"
	}
	return "0"
}
