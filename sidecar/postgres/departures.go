package postgres

import (
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

// rows are the records whose learners have left (sql/departures.sql): nothing that they did
// is of a later time.
func (d departures) rows() string {
	n := incoming{d.table}
	values := n.values(func(f field) bool { return f.Rule == progress.RuleKey })
	values = append(values, n.left()+` AS "left at"`, "("+n.isDeparture()+") AS bare")
	return fill(load("departures.sql"), map[string]string{
		"rows": n.linesWhere(n.left()+" > '-infinity' AND "+n.left()+" >= "+element(n.field("lastWatchedAt")), values),
	})
}

// events are those of the departures (sql/departed.sql), beside those of what a query
// returned. The id of one follows from the last that its learner did before, so that they
// leave once, however often that is said; without a column for that, each time counts.
func (d departures) events(written string) string {
	return fill(load("departed.sql"), map[string]string{
		"written": written, "returned": d.returned(), "table": d.name,
		"w is d":   strings.Join(d.sameAsTold(), " AND "),
		"key of l": strings.Join(d.key("l"), ", "), "key of d": strings.Join(d.key("d"), ", "),
		"target": literal(d.eventTarget()), "left": literal(EventLeft), "course of the key": d.courseOfTheKey(),
		"occasion": `(extract(epoch FROM coalesce(w.last_watched_at, w.received_at, d."left at")) * 1000000)::bigint`,
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
