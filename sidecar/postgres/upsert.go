package postgres

import (
	"fmt"
	"strings"
)

// applySQL writes one batch, once. It is one statement, hence one transaction:
// the ledger row moves from the number before the batch to the batch's number
// and the records are merged, or nothing happens. Locking the ledger row comes
// first, so an attempt whose answer was lost and which still runs is waited for.
//
// The rows are sorted by key, so that concurrent writers lock them in the same
// order. What came in before its learner was erased is left out. A record that
// changes nothing does not rewrite its row. A record that should change a row and
// does not, since a trigger has swallowed it, makes the statement fail.
//
// Parameters: $1 writer, $2 lane, $3 owner, $4 number of the batch, $5 number
// before it, $6 id of the batch, then an array for each of recordFields, then the
// fixed values.
//
// Only the texts are unnested. For each array that is, the server fills a store of
// its own and reads it row by row, which for all of them takes as long as a third
// of the rest; an element of a fixed size is found at once by its number, as long
// as the array has no nulls.
func applySQL(t table) string {
	var b strings.Builder
	u := upsert{table: t, incoming: incoming{t}, merge: merge{t}}
	b.WriteString(`WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    `)
	b.WriteString(u.incoming.rows(func(field) bool { return true }))
	b.WriteString("\n), ")
	written := u.upsertSQL(&b)
	if unused := u.incoming.unused(); len(unused) > 0 {
		fmt.Fprintf(&b, ", unused AS (\n    SELECT %s\n)", strings.Join(unused, ", "))
	}
	fmt.Fprintf(&b, `
SELECT (SELECT count(*) FROM claim), %[1]s,
    CASE WHEN %[1]s < cardinality($%[2]d::text[]) AND %[1]s < (%[3]s)
        THEN %[4]s END`, written, firstArray, u.changing(), failNotWritten)
	return b.String()
}

// failNotWritten fails with stateNotWritten, which nothing else that the
// statement does can have. It reads a table, so that it is not worked out while
// the statement is planned.
const failNotWritten = "width_bucket(0::float8, 0, 1, (SELECT count(*)::integer FROM claim WHERE false))"

// upsert builds the statement of applySQL. l is the row that is there, excluded
// the one that is to be, i one of incoming.
type upsert struct {
	table
	incoming incoming
	merge    merge
}

// upsertSQL writes the part that merges the records into the table, and returns
// the expression that counts the rows it has written.
//
// An existing table may have columns that take a value of a sequence and triggers
// that do something for each new row, so that rows which are there are updated
// and only the others are offered for insertion. Our own has neither.
func (u upsert) upsertSQL(b *strings.Builder) string {
	if !u.existing {
		fmt.Fprintf(b, "written AS (\n    %s\n    FROM incoming AS i\n    ORDER BY %s\n    %s\n)",
			u.insert(), u.order(), u.onConflict())
		return "(SELECT count(*) FROM written)"
	}
	fmt.Fprintf(b, `there AS (
    SELECT %[1]s
    FROM incoming AS i JOIN %[2]s AS l ON %[3]s
    ORDER BY %[4]s
    FOR NO KEY UPDATE OF l
), updated AS (
    UPDATE %[2]s AS l SET
        %[5]s
    FROM there AS t JOIN incoming AS excluded ON %[6]s
    WHERE %[7]s%[8]s
    RETURNING 1
), inserted AS (
    %[9]s
    FROM incoming AS i
    WHERE NOT EXISTS (SELECT FROM there AS t WHERE %[10]s)
    ORDER BY %[4]s
    %[11]s
)`,
		strings.Join(u.key("i"), ", "), u.name, u.same("l", "i"), u.order(),
		strings.Join(u.merge.assignments(), ",\n        "), u.same("t", "excluded"),
		u.same("l", "excluded"), prefixed("\n      AND ", u.merge.changes()),
		u.insert(), u.same("t", "i"), u.onConflict())
	return "((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted))"
}

func (u upsert) insert() string {
	var names, values []string
	for _, name := range u.targets() {
		names, values = append(names, name), append(values, "i."+name)
	}
	return fmt.Sprintf("INSERT INTO %s AS l (\n        %s)\n    SELECT\n        %s",
		u.name, strings.Join(names, ", "), strings.Join(values, ", "))
}

func (u upsert) onConflict() string {
	changes := u.merge.changes()
	if changes != "" {
		changes = "\n    WHERE " + changes
	}
	return fmt.Sprintf("ON CONFLICT (%s) DO UPDATE SET\n        %s%s\n    RETURNING 1",
		strings.Join(u.conflict(), ", "), strings.Join(u.merge.assignments(), ",\n        "), changes)
}

// changing counts the records that have to change a row or make one. It is worked
// out only where fewer rows than records were written. It sees the rows as they
// were when the statement began: a reset by another sidecar that came in between
// makes it count one too many.
func (u upsert) changing() string {
	incoming, changes := "incoming", []string{}
	if c := u.merge.changes(); c != "" {
		changes = append(changes, "("+c+")")
	}
	if u.existing {
		// A row may have a trigger that spares it an update to the same values.
		changes = append(changes, u.merge.differs())
	} else {
		// Named once, incoming is no table that the server has to fill.
		incoming = "(\n    " + u.incoming.rows(decides) + ")"
	}
	return fmt.Sprintf(`
        SELECT count(*) FROM %s AS excluded LEFT JOIN %s AS l ON %s
        WHERE %s IS NULL OR %s`,
		incoming, u.name, u.same("l", "excluded"), u.key("l")[0], strings.Join(changes, "\n          AND "))
}

func prefixed(prefix, condition string) string {
	if condition == "" {
		return ""
	}
	return prefix + "(" + condition + ")"
}
