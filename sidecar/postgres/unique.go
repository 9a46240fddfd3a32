package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keyIndex finds the unique index of the key's columns, alone or with columns
// of a fixed value, or says how to make it.
func (s *survey) keyIndex() ([]string, bool) {
	var near []string
	var found []string
	for _, i := range s.relation.unique {
		switch {
		case !s.isOfKey(i.columns):
		case i.usable():
			if found == nil {
				found = i.columns
			}
		case i.deferrable:
			// Postgres takes it into account beside any other.
			kind := "UNIQUE"
			if i.primary {
				kind = "PRIMARY KEY"
			}
			s.refuse("the constraint %s is deferrable, which ON CONFLICT can't use; make it one that is not", quoted(i.constraint)).run = []string{
				fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %[2]s %s (%s)", s.name, quoted(i.constraint), kind, quotedList(i.columns)),
			}
			return nil, false
		case i.partial:
			near = append(near, i.name+" is partial")
		default:
			s.refuse("the unique index %s on the key is not valid: remove what is there twice, then run as the owner", i.name).run =
				[]string{"REINDEX INDEX CONCURRENTLY " + i.name}
			return nil, false
		}
	}
	if found != nil {
		return found, true
	}
	what := "there is no unique index on the key"
	if len(near) > 0 {
		what += " (" + strings.Join(near, ", ") + ")"
	}
	columns := keyColumns(s.mapping)
	if len(s.relation.partitioned) == 0 {
		s.refuse("%s", what).run = []string{fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY ON %s (%s)", s.name, quotedList(columns))}
		return nil, false
	}
	// It has to have all columns of the partition key (PostgreSQL, chapter 5.11).
	for _, column := range s.relation.partitioned {
		_, fixed := s.mapping.Fixed[column]
		switch {
		case column == "":
			s.refuse("%s, and there can't be: the table is partitioned by an expression. Map a table that is not, or one that is partitioned by columns of the key", what)
			return nil, false
		case !fixed && !slices.Contains(columns, column):
			s.refuse("%s, and there can't be: the table is partitioned by %s, which is neither in the key nor fixed. Map a table that is not partitioned, or one "+
				"that is partitioned by columns of the key", what, quoted(column))
			return nil, false
		case fixed:
			columns = append(columns, column)
		}
	}
	s.refuse("%s", what).run = []string{fmt.Sprintf("CREATE UNIQUE INDEX ON %s (%s)", s.name, quotedList(columns))}
	return nil, false
}

// isOfKey reports whether an index has the columns of the key and no others, but
// for fixed ones.
func (s *survey) isOfKey(index []string) bool {
	key := keyColumns(s.mapping)
	left := slices.Clone(index)
	for _, column := range key {
		if i := slices.Index(left, column); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return len(index)-len(left) == len(key) &&
		!slices.ContainsFunc(left, func(column string) bool { _, fixed := s.mapping.Fixed[column]; return !fixed })
}

// otherIndexes finds unique indexes that new rows would violate: of columns which
// are the same in each of them, or of a part of the key.
func (s *survey) otherIndexes(key []string) {
	for _, i := range s.relation.unique {
		if i.partial || slices.Equal(i.columns, key) || s.isOfKey(i.columns) {
			continue
		}
		var same, part []string
		may := false // have rows that it tells apart
		for _, column := range i.columns {
			c := s.relation.columns[column]
			switch {
			case slices.Contains(keyColumns(s.mapping), column):
				part = append(part, column)
			case !s.filled[column] && c.defaults == "" && !c.notNull && !i.nullsEqual:
				may = true // every NULL is another one
			case s.varies(column):
				may = true
			default:
				same = append(same, column)
			}
		}
		switch {
		case may && slices.ContainsFunc(i.columns, func(column string) bool { return s.filled[column] || column == "" }):
			s.say(notes, "the unique index %s may refuse records", i.name)
		case may:
		case len(part) > 0 && !slices.ContainsFunc(same, func(column string) bool { return !s.filled[column] }):
			w := refuses
			if k := s.mapping.KeyColumns; slices.Contains(part, k.UserID) && slices.Contains(part, k.LessonID) {
				w = lacks // it goes well while each lesson is of one course
			}
			s.say(w, "the unique index %s allows one row for each %s only, so a second record with it would be refused: map keyColumns to its columns, "+
				"or drop it", i.name, quotedList(part))
		default:
			s.sameInEveryRow(i.name, same)
		}
	}
}

// sameInEveryRow says how to give one of the columns a value that differs.
func (s *survey) sameInEveryRow(index string, columns []string) {
	for _, column := range columns {
		c := s.relation.columns[column]
		if !s.filled[column] && c.notNull && !c.hasDefault {
			return // it was said that it must differ
		}
	}
	for _, column := range columns {
		if run := s.differing(column, s.relation.columns[column]); run != nil {
			from := ""
			if _, fixed := s.mapping.Fixed[column]; fixed {
				from = fmt.Sprintf(", and no fixed value: take %s out of database.mapping.fixed and run as the owner", column)
			}
			s.refuse("the unique index %s would refuse every row after the first: column %s needs a default that differs in each row%s", index, quoted(column), from).run = run
			return
		}
	}
	s.refuse("the unique index %s would refuse every row after the first: its columns have the same values in each (%s)", index,
		strings.Join(slices.Sorted(maps.Keys(set(columns))), ", "))
}

func set(columns []string) map[string]bool {
	all := map[string]bool{}
	for _, c := range columns {
		all[quoted(c)] = true
	}
	return all
}
