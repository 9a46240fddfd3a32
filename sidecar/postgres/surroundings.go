package postgres

import (
	"slices"
	"strings"
)

// rights says which the role lacks.
func (s *survey) rights() {
	schema := "GRANT USAGE ON SCHEMA " + quoted(s.mapping.Schema) + " TO <role>"
	all := "GRANT SELECT, INSERT, UPDATE, DELETE ON " + s.name + " TO <role>"
	switch denied := s.relation.denied; {
	case !s.relation.schemaUsable && len(denied) > 0:
		s.refuse("the role in the Secret may not use it").run = []string{schema, all}
	case !s.relation.schemaUsable:
		s.refuse("the role in the Secret may not use its schema").run = []string{schema}
	case slices.Equal(denied, []string{"DELETE"}):
		s.say(lacks, "the role in the Secret may not delete rows, so learners can't be erased").run = []string{all}
	case len(denied) > 0:
		s.refuse("the role in the Secret may not %s", strings.Join(denied, ", ")).run = []string{all}
	}
	for _, e := range s.relation.extras {
		if e.kind == "function" && (e.detail == "" || !s.filled[e.detail]) {
			s.refuse("the role in the Secret may not run the function %s, which a default, a constraint or an index calls", e.name).run =
				[]string{"GRANT EXECUTE ON FUNCTION " + e.name + " TO <role>"}
		}
	}
}

// security says what row-level security does to the role (PostgreSQL, chapter
// 5.9): without a policy for a command it finds no rows, or refuses those it is
// given.
func (s *survey) security() {
	if !s.relation.secured {
		return
	}
	var none, some []string
	for _, command := range []struct{ letter, name string }{{"r", "SELECT"}, {"a", "INSERT"}, {"w", "UPDATE"}, {"d", "DELETE"}} {
		permitted, open, restricted := false, false, false
		for _, p := range s.relation.policies {
			if p.command != command.letter && p.command != "*" {
				continue
			}
			permitted = permitted || p.permissive
			open = open || p.permissive && p.open
			restricted = restricted || !p.permissive && !p.open
		}
		switch {
		case !permitted:
			none = append(none, command.name)
		case restricted || !open:
			some = append(some, command.name)
		}
	}
	restricted := slices.ContainsFunc(s.relation.policies, func(p policy) bool { return !p.permissive && !p.open })
	run := []string{"CREATE POLICY progress_sync ON " + s.name + " TO <role> USING (true) WITH CHECK (true)"}
	owner := ""
	if restricted {
		run, owner = []string{"ALTER ROLE <role> BYPASSRLS"}, " (as a superuser, since a restrictive policy is in force)"
	}
	switch {
	case slices.Contains(none, "SELECT") || slices.Contains(none, "INSERT") || slices.Contains(none, "UPDATE"):
		s.refuse("row-level security is in force for the role in the Secret, and it has no policy for %s; let it see and change all rows%s",
			strings.Join(none, ", "), owner).run = run
	case len(none) > 0:
		s.say(lacks, "row-level security is in force for the role in the Secret, and it has no policy for DELETE, so learners can't be erased; "+
			"let it see and change all rows%s", owner).run = run
	case len(some) > 0:
		s.say(lacks, "row-level security may hide rows from the role in the Secret or refuse them (%s), so what is saved or erased can't be told; "+
			"let it see and change all rows%s", strings.Join(some, ", "), owner).run = run
	}
}

// surroundings says what else acts on the rows.
func (s *survey) surroundings() {
	names := map[string][]string{}
	for _, e := range s.relation.extras {
		name := quoted(e.name)
		names[e.kind] = append(names[e.kind], name)
		if e.kind != "rule" {
			continue
		}
		drop := []string{"DROP RULE " + name + " ON " + s.name}
		if e.detail == "4" { // DELETE, of pg_rewrite.ev_type
			s.say(lacks, "the rule %s changes what a DELETE does, so learners may not be erased", name).run = drop
		} else {
			s.refuse("Postgres has no ON CONFLICT for a table with a rule for INSERT or UPDATE, such as %s; make a trigger of it", name).run = drop
		}
	}
	if list := names["trigger"]; list != nil {
		s.say(notes, "triggers run with each write (%s); the role needs the rights on what they touch, unless their functions are SECURITY DEFINER",
			strings.Join(list, ", "))
	}
	if list := names["check"]; list != nil {
		s.say(notes, "a record that a check constraint refuses is set aside (%s)", strings.Join(list, ", "))
	}
	if list := names["foreign key"]; list != nil {
		s.say(notes, "a record whose learner, course or lesson is not in the table that a foreign key names is set aside (%s)", strings.Join(list, ", "))
	}
	if s.relation.persistence == "u" {
		s.say(notes, "the table is UNLOGGED: a crash of Postgres empties it, and what it held is lost").run = []string{"ALTER TABLE " + s.name + " SET LOGGED"}
	}
	if s.relation.hasChildren {
		s.say(notes, "other tables inherit from it; its unique index does not see their rows, so a key may be there twice")
	}
	if s.relation.unidentified {
		s.refuse("its updates are published and it has no replica identity, so Postgres refuses them").run = []string{"ALTER TABLE " + s.name + " REPLICA IDENTITY FULL"}
	}
}
