package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unfilled checks the columns that the mapping does not name: new rows get
// their defaults.
func (s *survey) unfilled() {
	for _, column := range slices.Sorted(maps.Keys(s.relation.columns)) {
		c := s.relation.columns[column]
		if s.filled[column] {
			continue
		}
		if c.notNull && !c.hasDefault && !c.isComputed {
			s.withoutDefault(column, c)
		}
		if !c.sequenceUsable {
			s.refuse("column %s takes its values from the sequence %s, which the role may not use", quoted(column), c.sequence).run =
				[]string{"GRANT USAGE ON SEQUENCE " + c.sequence + " TO <role>"}
		}
		if c.left < littleLeft {
			s.say(notes, "the sequence of column %s has %.0f %% of its values left, as many as the column can hold", quoted(column), 100*c.left).run =
				[]string{s.alter(column, "TYPE bigint"), "ALTER SEQUENCE " + c.sequence + " AS bigint MAXVALUE 9223372036854775807"}
		}
	}
}

// littleLeft is the part of a sequence's values below which it is worth a note.
const littleLeft = 0.1

// withoutDefault says what to do about a column that must have a value. A fixed
// one, the same in every row, is no help where the column has to be different.
func (s *survey) withoutDefault(column string, c relationColumn) {
	if s.isAloneUnique(column) {
		f := s.refuse("column %s must have a value, a different one in each row, and has no default", quoted(column))
		f.run = s.differing(column, c)
		return
	}
	how := "map a field to it, or give it a fixed value"
	if c.base == "timestamp with time zone" || c.base == "timestamp without time zone" {
		how = "map receivedAt to it, or firstWatchedAt if it is when the row was made"
	}
	f := s.refuse("column %s must have a value and has no default: %s", quoted(column), how)
	if value := neutral(c); value != "" {
		f.what += ", or run as the owner"
		f.run = []string{s.alter(column, "SET DEFAULT "+value)}
	}
}

// isAloneUnique reports whether a column has to differ from row to row: it is in
// a unique index in which nothing else does. A part of the key is the same in
// several rows.
func (s *survey) isAloneUnique(column string) bool {
	return slices.ContainsFunc(s.relation.unique, func(i uniqueIndex) bool {
		whole := !slices.ContainsFunc(keyColumns(s.mapping), func(k string) bool { return !slices.Contains(i.columns, k) })
		return slices.Contains(i.columns, column) && !i.partial && !whole && !slices.ContainsFunc(i.columns, s.variesByItself)
	})
}

// variesByItself is varies for the columns that are no part of the key.
func (s *survey) variesByItself(column string) bool {
	return !slices.Contains(keyColumns(s.mapping), column) && s.varies(column)
}

// varies reports whether a column of new rows has different values by itself: it
// is a field of the record, or has a default that is worked out. An expression
// may be anything.
func (s *survey) varies(column string) bool {
	if column == "" {
		return true
	}
	if _, fixed := s.mapping.Fixed[column]; fixed {
		return false
	}
	return s.filled[column] || s.relation.columns[column].isComputed || strings.Contains(s.relation.columns[column].defaults, "(") ||
		s.relation.columns[column].sequence != ""
}

// differing gives a column a default that differs in each row.
func (s *survey) differing(column string, c relationColumn) []string {
	const hexDigits = "replace(gen_random_uuid()::text, '-', '')"
	switch {
	case c.base == "uuid":
		return []string{s.alter(column, "SET DEFAULT gen_random_uuid()")}
	case c.category == "S" && (c.length == 0 || c.length >= 36):
		return []string{s.alter(column, "SET DEFAULT gen_random_uuid()::text")}
	case c.category == "S" && c.length >= 20: // 80 bits are still enough not to meet
		return []string{s.alter(column, fmt.Sprintf("SET DEFAULT left(%s, %d)", hexDigits, c.length))}
	case c.isWhole():
		sequence := quoted(s.mapping.Schema) + "." + quoted(clipped(s.mapping.Table+"_"+column)+"_progress_sync")
		return []string{
			"CREATE SEQUENCE " + sequence + " AS " + sequenceType(c),
			fmt.Sprintf("SELECT setval('%s', coalesce(max(%s), 0) + 1, false) FROM %s", strings.ReplaceAll(sequence, "'", "''"), quoted(column), s.name),
			s.alter(column, fmt.Sprintf("SET DEFAULT nextval('%s')", strings.ReplaceAll(sequence, "'", "''"))),
			fmt.Sprintf("ALTER SEQUENCE %s OWNED BY %s.%s", sequence, s.name, quoted(column)),
			"GRANT USAGE ON SEQUENCE " + sequence + " TO <role>",
		}
	default:
		return nil
	}
}

// clipped leaves room for a suffix in a name.
func clipped(name string) string {
	const most = 63 - len("_progress_sync")
	for len(name) > most {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return name
}

func sequenceType(c relationColumn) string {
	if c.base == "numeric" {
		return "bigint"
	}
	return c.base
}

// neutral is a value that says nothing, empty if the type has none.
func neutral(c relationColumn) string {
	switch {
	case c.base == "timestamp without time zone":
		return "(now() AT TIME ZONE 'UTC')"
	case c.base == "timestamp with time zone":
		return "now()"
	case c.base == "date":
		return "CURRENT_DATE"
	case c.base == "json" || c.base == "jsonb":
		return "'{}'"
	case c.base == "uuid":
		return "gen_random_uuid()"
	case c.category == "N":
		return "0"
	case c.category == "B":
		return "false"
	case c.category == "S":
		return "''"
	case c.category == "A":
		return "'{}'"
	default:
		return ""
	}
}
