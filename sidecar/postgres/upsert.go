package postgres

import "strings"

// applySQL writes one batch, once (sql/apply_own.sql, sql/apply_mapped.sql). An
// existing table's statement updates the rows that are there and inserts the
// others; our own table's offers all for insertion.
//
// Parameters: $1 writer, $2 lane, $3 owner, $4 number of the batch, $5 number
// before it, $6 id of the batch, then an array for each of the table's fields, then
// the fixed values.
func applySQL(t table) string {
	n, m := incoming{t}, merge{t}
	e := tell{m}
	present, future := m.rows()
	holes := map[string]string{
		"incoming":      n.rows(func(field) bool { return true }),
		"deciding":      n.rows(decides),
		"unused":        n.unusedTypes(),
		"table":         t.name,
		"columns":       strings.Join(e.targets(), ", "),
		"values":        e.values(),
		"key":           strings.Join(t.conflict(), ", "),
		"key of i":      strings.Join(t.key("i"), ", "),
		"learner":       t.conflict()[0],
		"order":         t.order(),
		"l is i":        t.same("l", "i"),
		"l is excluded": t.same("l", "excluded"),
		"t is i":        t.same("t", "i"),
		"t is excluded": t.same("t", "excluded"),
		"merged":        strings.Join(e.assignments(), ",\n        "),
		"returned":      e.returned(),
		"days":          days{n}.statement(),
		"changes":       m.changes(),
		"present":       strings.Join(present, ", "),
		"future":        strings.Join(future, ",\n            "),
		"fail":          failNotWritten,
	}
	if t.existing {
		holes["told"] = e.statement("(SELECT * FROM updated UNION ALL SELECT * FROM inserted)")
		return fill(load("apply_mapped.sql"), holes)
	}
	holes["told"] = e.statement("written")
	return fill(load("apply_own.sql"), holes)
}

// failNotWritten fails with stateNotWritten, which nothing else that the
// statement does can have. It reads a table, so that it is not worked out while
// the statement is planned.
const failNotWritten = "width_bucket(0::float8, 0, 1, (SELECT count(*)::integer FROM claim WHERE false))"
