package postgres

import (
	"fmt"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// departures builds the parts of applySQL that tell whose learners have left, where that is
// asked for.
type departures struct{ tell }

// isDeparture says of a record what progress.Record.IsDeparture does.
func (n incoming) isDeparture() string {
	return n.left() + " > '-infinity' AND " + element(n.field("updateCount")) + " = 0 AND " + element(n.field("generation")) + " = 0"
}

// left is when a record's learner left, -infinity for never.
func (n incoming) left() string { return element(n.field("leftAt")) }

// last is the field that has when a learner did something last, as far as the table has one.
func (d departures) last() (f field, ok bool) {
	for _, name := range []string{"lastWatchedAt", "receivedAt"} {
		if _, ok := d.has(name); ok {
			return d.field(name), true
		}
	}
	return field{}, false
}

// told are the fields that these events need of a row beside what all tell.
func (d departures) told() []string {
	names := []string{"completed"}
	if f, ok := d.last(); ok {
		names = append(names, f.Name)
	}
	return names
}

// rows are the records whose learners have left (sql/departures.sql): nothing that they did
// is of a later time.
func (d departures) rows() string {
	n := incoming{d.table}
	values := n.values(func(f field) bool { return f.Rule == progress.RuleKey })
	last := "NULL::timestamptz"
	if f, ok := d.last(); ok {
		last = fmt.Sprintf("CASE WHEN NOT (%s) THEN %s END", n.isDeparture(), source(f))
	}
	values = append(values, n.left()+` AS "left at"`, last+" AS last", "("+n.isDeparture()+") AS bare")
	return fill(load("departures.sql"), map[string]string{
		"rows": n.linesWhere(n.left()+" > '-infinity' AND "+n.left()+" >= "+element(n.field("lastWatchedAt")), values),
	})
}

// events are those of the departures (sql/departed.sql), beside those of what a query
// returned. The id of one follows from the last that its learner did before, by the record
// or else by the row, so that they leave once, however often that is said or written;
// without a column for that, each time counts.
func (d departures) events(written string) string {
	when := []string{"d.last"}
	if f, ok := d.last(); ok {
		when = append(when, "w."+f.Column)
	}
	when = append(when, `d."left at"`)
	return fill(load("departed.sql"), map[string]string{
		"written": written, "returned": d.returned(), "table": d.name,
		"w is d":   strings.Join(d.sameAsTold(), " AND "),
		"key of l": strings.Join(d.key("l"), ", "), "key of d": strings.Join(d.key("d"), ", "),
		"target": literal(d.eventTarget()), "left": literal(EventLeft), "course of the key": d.courseOfTheKey(),
		"occasion": fmt.Sprintf("(extract(epoch FROM coalesce(%s)) * 1000000)::bigint", strings.Join(when, ", ")),
	})
}

// sameAsTold compares the key of a departure with that of a row as an event tells it.
func (d departures) sameAsTold() []string {
	var equal []string
	for _, f := range d.fields() {
		if c, ok := d.has(f.Name); ok && f.Rule == progress.RuleKey {
			c.name = "d." + c.name
			equal = append(equal, c.uncast(f.own)+" = w."+f.Column)
		}
	}
	return equal
}
