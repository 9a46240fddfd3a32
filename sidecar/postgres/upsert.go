package postgres

import (
	"fmt"
	"slices"
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
	u := upsert{table: t}
	b.WriteString(`WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    `)
	b.WriteString(u.incoming(func(field) bool { return true }))
	b.WriteString("\n), ")
	written := u.upsertSQL(&b)
	if unused := u.unused(); len(unused) > 0 {
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

// upsertSQL writes the part that merges the records into the table, and returns
// the expression that counts the rows it has written.
//
// An existing table may have columns that take a value of a sequence and triggers
// that do something for each new row, so that rows which are there are updated
// and only the others are offered for insertion. Our own has neither.
func (u upsert) upsertSQL(b *strings.Builder) string {
	if !u.table.existing {
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
		strings.Join(u.key("i"), ", "), u.table.name, u.same("l", "i"), u.order(),
		strings.Join(u.assignments(), ",\n        "), u.same("t", "excluded"),
		u.same("l", "excluded"), prefixed("\n      AND ", u.changes()),
		u.insert(), u.same("t", "i"), u.onConflict())
	return "((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted))"
}

func (u upsert) insert() string {
	var names, values []string
	for _, name := range u.targets() {
		names, values = append(names, name), append(values, "i."+name)
	}
	return fmt.Sprintf("INSERT INTO %s AS l (\n        %s)\n    SELECT\n        %s",
		u.table.name, strings.Join(names, ", "), strings.Join(values, ", "))
}

func (u upsert) onConflict() string {
	changes := u.changes()
	if changes != "" {
		changes = "\n    WHERE " + changes
	}
	return fmt.Sprintf("ON CONFLICT (%s) DO UPDATE SET\n        %s%s\n    RETURNING 1",
		strings.Join(u.conflict(), ", "), strings.Join(u.assignments(), ",\n        "), changes)
}

// changing counts the records that have to change a row or make one. It is worked
// out only where fewer rows than records were written. It sees the rows as they
// were when the statement began: a reset by another sidecar that came in between
// makes it count one too many.
func (u upsert) changing() string {
	incoming, changes := "incoming", []string{}
	if c := u.changes(); c != "" {
		changes = append(changes, "("+c+")")
	}
	if u.table.existing {
		// A row may have a trigger that spares it an update to the same values.
		changes = append(changes, u.differs())
	} else {
		// Named once, incoming is no table that the server has to fill.
		incoming = "(\n    " + u.incoming(decides) + ")"
	}
	return fmt.Sprintf(`
        SELECT count(*) FROM %s AS excluded LEFT JOIN %s AS l ON %s
        WHERE %s IS NULL OR %s`,
		incoming, u.table.name, u.same("l", "excluded"), u.key("l")[0], strings.Join(changes, "\n          AND "))
}

// differs compares the row with what it is to become.
func (u upsert) differs() string {
	var now, then []string
	for _, f := range u.written() {
		if f.rule != isKey {
			c, _ := u.has(f.name)
			now, then = append(now, "l."+c.name), append(then, u.merged(f, c))
		}
	}
	return fmt.Sprintf("(%s) IS DISTINCT FROM (\n            %s)", strings.Join(now, ", "), strings.Join(then, ",\n            "))
}

// decides reports whether changes may ask for the field.
func decides(f field) bool {
	switch f.name {
	case "generation", "updateCount", "receivedAt", "lastWatchedAt":
		return true
	default:
		return f.rule == isKey
	}
}

// key are the columns of the key, those of a fixed value included.
func (u upsert) key(alias string) []string {
	var key []string
	for _, name := range u.conflict() {
		key = append(key, alias+"."+name)
	}
	return key
}

func (u upsert) same(a, b string) string {
	var equal []string
	for _, name := range u.conflict() {
		equal = append(equal, fmt.Sprintf("%s.%s = %s.%s", a, name, b, name))
	}
	return strings.Join(equal, " AND ")
}

func prefixed(prefix, condition string) string {
	if condition == "" {
		return ""
	}
	return prefix + "(" + condition + ")"
}

// upsert builds the parts of applySQL. l is the row that is there, excluded the
// one that is to be, of incoming or of an insertion, i one of incoming.
type upsert struct{ table table }

func (u upsert) has(field string) (tableColumn, bool) {
	c, ok := u.table.columns[field]
	return c, ok
}

// written are the fields that the table has a column for.
func (u upsert) written() []field {
	var fields []field
	for _, f := range u.table.fields() {
		if _, ok := u.has(f.name); ok {
			fields = append(fields, f)
		}
	}
	return fields
}

// names are those of the columns that are unnested.
func (u upsert) names() []string {
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
func (u upsert) arrays() []string {
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
func (u upsert) unused() []string {
	var arrays []string
	for i, f := range recordFields() {
		if _, ok := u.has(f.name); !ok && f.class != textClass && f.name != "receivedAt" {
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

// incoming are the rows to be, in the types of the table and under the names of
// its columns; of the fields, those that are asked for.
func (u upsert) incoming(asked func(field) bool) string {
	return fmt.Sprintf(`SELECT
        %s
    FROM claim, unnest(
        %s
    ) WITH ORDINALITY AS r (%s, number)
    WHERE NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
       OR NOT EXISTS (
           SELECT FROM progress_sync.erasures AS e
           WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND %s <= e.erased_at)`,
		strings.Join(u.values(asked), ",\n        "), strings.Join(u.arrays(), ", "), strings.Join(u.names(), ", "), source("receivedAt"))
}

func (u upsert) values(asked func(field) bool) []string {
	var values []string
	add := func(value, name string) {
		if value != "r."+name {
			value += " AS " + name
		}
		values = append(values, value)
	}
	for _, f := range u.written() {
		if !asked(f) {
			continue
		}
		from := source(f.name)
		c, _ := u.has(f.name)
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
	for i, f := range u.table.fixed {
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

func (u upsert) targets() []string {
	var names []string
	for _, f := range u.written() {
		c, _ := u.has(f.name)
		names = append(names, c.name)
	}
	for _, f := range u.table.fixed {
		names = append(names, f.name)
	}
	return names
}

// unreported stands in a column that can't be null.
func unreported(f field) string {
	if f.class == textClass {
		return "''"
	}
	return "0"
}

func (u upsert) keys(of func(f field, c tableColumn) string) []string {
	var keys []string
	for _, f := range u.written() {
		if f.rule == isKey {
			c, _ := u.has(f.name)
			keys = append(keys, of(f, c))
		}
	}
	return keys
}

func (u upsert) order() string {
	return strings.Join(u.keys(func(_ field, c tableColumn) string { return "i." + c.name + c.bytewise() }), ", ")
}

func (u upsert) conflict() []string {
	names := u.keys(func(_ field, c tableColumn) string { return c.name })
	for _, f := range u.table.fixed {
		if f.inKey {
			names = append(names, f.name)
		}
	}
	return names
}

func (u upsert) assignments() []string {
	var set []string
	for _, f := range u.written() {
		if f.rule != isKey {
			c, _ := u.has(f.name)
			set = append(set, c.name+" = "+u.merged(f, c))
		}
	}
	return set
}

// merged follows progress.Merge and Record.Raise.
func (u upsert) merged(f field, c tableColumn) string {
	l, e := "l."+c.name, "excluded."+c.name
	switch f.rule {
	case lastWriter:
		return u.lastWriter(f, c)
	case greatest, stampAt:
		return u.unlessReset(e, fmt.Sprintf("ELSE greatest(%s, %s)", l, e))
	case least:
		return u.unlessReset(e, fmt.Sprintf("ELSE least(%s, %s)", l, e))
	case either:
		return u.unlessReset(e, fmt.Sprintf("ELSE %s OR %s", u.old(c, "false"), e))
	case sum:
		if c.kind == "double precision" && f.name == "timeSpentSeconds" {
			return u.unlessReset(e, fmt.Sprintf("ELSE round(%s * %[3]s::float8 + %[2]s * %[3]s::float8) / %[3]s::float8", u.old(c, "0"), e, c.micros()))
		}
		return u.unlessReset(e, fmt.Sprintf("ELSE %s + %s", u.old(c, "0"), e))
	case stampReceived:
		at, ok := u.has(f.at)
		if !ok {
			return u.unlessReset(e, fmt.Sprintf("ELSE greatest(%s, %s)", l, e))
		}
		return u.unlessReset(e, fmt.Sprintf(`WHEN excluded.%[1]s > l.%[1]s THEN %[3]s
            WHEN excluded.%[1]s < l.%[1]s THEN %[2]s
            ELSE greatest(%[2]s, %[3]s)`, at.name, l, e))
	default:
		return fmt.Sprintf("greatest(%s, %s)", l, e)
	}
}

// lastWriter goes to the greater (at, received, value), as far as the table
// keeps the stamp. Without one the newest report of anything wins, and without
// that one the record that comes last.
func (u upsert) lastWriter(f field, c tableColumn) string {
	l, e := "l."+c.name, "excluded."+c.name
	keep := func(condition string) string { return fmt.Sprintf("WHEN %s THEN %s\n            ", condition, l) }
	at, stamped := u.has(f.at)
	var cases string
	switch {
	case stamped:
		cases = keep("excluded." + at.name + " IS NULL")
		names := []string{at.name}
		if received, ok := u.has(f.received); ok {
			names = append(names, received.name)
		}
		names = append(names, c.name)
		cases += keep(fmt.Sprintf("(excluded.%s)\n              <= (l.%s)",
			strings.Join(names, ", excluded."), strings.Join(names, ", l.")))
	case f.name == "courseId": // every record has one
	case c.notNull:
		cases = keep(u.notReported(f))
	default:
		cases = keep(e + " IS NULL")
	}
	if watched, ok := u.has("lastWatchedAt"); ok && !stamped {
		cases += keep(fmt.Sprintf("excluded.%[1]s < l.%[1]s", watched.name))
	}
	return u.unlessReset(e, cases+"ELSE "+e)
}

// notReported finds the records without a value where the row that was to be
// inserted had to have one.
func (u upsert) notReported(f field) string {
	return fmt.Sprintf("(%s) NOT IN (\n                SELECT %s FROM incoming AS i WHERE i.%s)",
		strings.Join(u.key("excluded"), ", "), strings.Join(u.key("i"), ", "), reported(f))
}

// unlessReset is a CASE whose last branches are given, for a record that knows
// of no newer reset than the row. A newer one replaces the row.
func (u upsert) unlessReset(excluded, branches string) string {
	if newer := u.newer(); newer != "" {
		return fmt.Sprintf("CASE WHEN %s THEN %s\n            %s END", newer, excluded, branches)
	}
	if bare, only := strings.CutPrefix(branches, "ELSE "); only {
		return bare
	}
	return fmt.Sprintf("CASE %s END", branches)
}

func (u upsert) newer() string {
	c, ok := u.has("generation")
	if !ok {
		return ""
	}
	return fmt.Sprintf("excluded.%s > %s", c.name, u.old(c, "0"))
}

// old is the row's value; rows of another program may have none.
func (u upsert) old(c tableColumn, otherwise string) string {
	if c.notNull {
		return "l." + c.name
	}
	return fmt.Sprintf("coalesce(l.%s, %s)", c.name, otherwise)
}

// changes says which records change their row. An older record from before the
// row's reset is discarded.
func (u upsert) changes() string {
	var fresh, same string
	count, counted := u.has("updateCount")
	received, timed := u.has("receivedAt")
	if counted {
		fresh = fmt.Sprintf("excluded.%s > 0", count.name)
		if timed {
			fresh = fmt.Sprintf("(%s OR excluded.%[2]s > l.%[2]s)", fresh, received.name)
		}
	}
	generation, resettable := u.has("generation")
	if !timed {
		received, timed = u.has("lastWatchedAt")
	}
	if resettable && timed {
		at := fmt.Sprintf("timestamptz 'epoch' + %s * interval '1 microsecond'", u.old(generation, "0"))
		same = fmt.Sprintf("(excluded.%s = %s\n               OR excluded.%s > %s)",
			generation.name, u.old(generation, "0"), received.name, received.cast(at, "timestamp with time zone"))
	}
	condition := fresh
	if fresh != "" && same != "" {
		condition += "\n          AND "
	}
	condition += same
	if newer := u.newer(); newer != "" && condition != "" {
		return newer + "\n       OR " + condition
	}
	return condition
}
