package postgres

import (
	"fmt"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// merge builds the parts of applySQL that make one row of two. l is the row that
// is there, excluded the one that is to be, of incoming or of an insertion.
type merge struct{ table }

func (m merge) assignments() []string {
	var set []string
	for _, f := range m.written() {
		if f.Rule != progress.RuleKey {
			c, _ := m.has(f.Name)
			set = append(set, c.name+" = "+m.merged(f, c))
		}
	}
	return set
}

// rows are the values of a row, and what they are to become.
func (m merge) rows() (present, future []string) {
	for _, f := range m.written() {
		if f.Rule != progress.RuleKey {
			c, _ := m.has(f.Name)
			present, future = append(present, "l."+c.name), append(future, m.merged(f, c))
		}
	}
	return present, future
}

// merged follows progress.Merge and Record.Raise.
func (m merge) merged(f field, c tableColumn) string {
	l, e := "l."+c.name, "excluded."+c.name
	switch f.Rule {
	case progress.RuleLastWriter:
		return m.lastWriter(f, c)
	case progress.RuleGreatest, progress.RuleStampAt:
		return m.unlessReset(e, fmt.Sprintf("ELSE greatest(%s, %s)", l, e))
	case progress.RuleLeast:
		if f.Name == "completedAt" {
			return m.completedAt(c)
		}
		return m.unlessReset(e, fmt.Sprintf("ELSE least(%s, %s)", l, e))
	case progress.RuleEither:
		return m.completed(c, fmt.Sprintf("%s OR %s", m.old(c, "false"), e))
	case progress.RuleUnion:
		return m.united(c)
	case progress.RuleStep:
		return m.unlessReset(e, fmt.Sprintf("ELSE greatest(%s, %s)", l, e))
	case progress.RuleSum:
		if c.kind == "double precision" && f.Type == progress.TypeMicroseconds {
			return m.unlessReset(e, fmt.Sprintf("ELSE round(%s * %[3]s::float8 + %[2]s * %[3]s::float8) / %[3]s::float8", m.old(c, "0"), e, c.micros()))
		}
		return m.unlessReset(e, fmt.Sprintf("ELSE %s + %s", m.old(c, "0"), e))
	case progress.RuleStampReceived:
		at, ok := m.has(f.At())
		if !ok {
			return m.unlessReset(e, fmt.Sprintf("ELSE greatest(%s, %s)", l, e))
		}
		return m.unlessReset(e, fmt.Sprintf(`WHEN excluded.%[1]s > l.%[1]s THEN %[3]s
            WHEN excluded.%[1]s < l.%[1]s THEN %[2]s
            ELSE greatest(%[2]s, %[3]s)`, at.name, l, e))
	default:
		return fmt.Sprintf("greatest(%s, %s)", l, e)
	}
}

// lastWriter goes to the greater (at, received, value), as far as the table
// keeps the stamp. Without one the newest report of anything wins, and without
// that one the record that comes last.
func (m merge) lastWriter(f field, c tableColumn) string {
	l, e := "l."+c.name, "excluded."+c.name
	keep := func(condition string) string { return fmt.Sprintf("WHEN %s THEN %s\n            ", condition, l) }
	at, stamped := m.has(f.At())
	var cases string
	switch {
	case stamped:
		cases = keep("excluded." + at.name + " IS NULL")
		names := []string{at.name}
		if received, ok := m.has(f.Received()); ok {
			names = append(names, received.name)
		}
		names = append(names, c.name)
		cases += keep(fmt.Sprintf("(excluded.%s)\n              <= (l.%s)",
			strings.Join(names, ", excluded."), strings.Join(names, ", l.")))
	case f.Name == "courseId": // every record has one
	case c.notNull:
		cases = keep(m.notReported(f))
	default:
		cases = keep(e + " IS NULL")
	}
	if watched, ok := m.has("lastWatchedAt"); ok && !stamped {
		cases += keep(fmt.Sprintf("excluded.%[1]s < l.%[1]s", watched.name))
	}
	return m.unlessReset(e, cases+"ELSE "+e)
}

// notReported finds the records without a value where the row that was to be
// inserted had to have one.
func (m merge) notReported(f field) string {
	return fmt.Sprintf("(%s) NOT IN (\n                SELECT %s FROM incoming AS i WHERE i.%s)",
		strings.Join(m.key("excluded"), ", "), strings.Join(m.key("i"), ", "), reported(f))
}

// unlessReset is a CASE whose last branches are given, for a record that knows
// of no newer reset than the row. A newer one replaces the row.
func (m merge) unlessReset(excluded, branches string) string {
	if newer := m.newer(); newer != "" {
		return fmt.Sprintf("CASE WHEN %s THEN %s\n            %s END", newer, excluded, branches)
	}
	if bare, only := strings.CutPrefix(branches, "ELSE "); only {
		return bare
	}
	return fmt.Sprintf("CASE %s END", branches)
}

func (m merge) newer() string {
	c, ok := m.has("generation")
	if !ok {
		return ""
	}
	return fmt.Sprintf("excluded.%s > %s", c.name, m.old(c, "0"))
}

// old is the row's value; rows of another program may have none.
func (m merge) old(c tableColumn, otherwise string) string {
	if c.notNull {
		return "l." + c.name
	}
	return fmt.Sprintf("coalesce(l.%s, %s)", c.name, otherwise)
}

// changes says which records change their row. An older record from before the
// row's reset is discarded.
func (m merge) changes() string {
	var fresh, same string
	count, counted := m.has("updateCount")
	received, timed := m.has("receivedAt")
	if counted {
		fresh = fmt.Sprintf("excluded.%s > 0", count.name)
		if timed {
			fresh = fmt.Sprintf("(%s OR excluded.%[2]s > l.%[2]s)", fresh, received.name)
		}
	}
	generation, resettable := m.has("generation")
	if !timed {
		received, timed = m.has("lastWatchedAt")
	}
	if resettable && timed {
		at := fmt.Sprintf("timestamptz 'epoch' + %s * interval '1 microsecond'", m.old(generation, "0"))
		same = fmt.Sprintf("(excluded.%s = %s\n               OR excluded.%s > %s)",
			generation.name, m.old(generation, "0"), received.name, received.cast(at, "timestamp with time zone"))
	}
	condition := fresh
	if fresh != "" && same != "" {
		condition += "\n          AND "
	}
	condition += same
	switch newer := m.newer(); {
	case condition == "":
		return "true" // nothing tells
	case newer != "":
		return newer + "\n       OR " + condition
	default:
		return condition
	}
}

// decides reports whether changes may ask for the field.
func decides(f field) bool {
	switch f.Name {
	case "generation", "updateCount", "receivedAt", "lastWatchedAt":
		return true
	default:
		return f.Rule == progress.RuleKey
	}
}
