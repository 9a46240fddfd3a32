package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// relation is what the catalog says of an existing table.
type relation struct {
	kind, persistence string // pg_class.relkind and relpersistence
	schemaUsable      bool
	denied            []string // of SELECT, INSERT, UPDATE and DELETE
	// secured: row-level security is in force for the role.
	secured  bool
	policies []policy
	// partitioned by these columns, an empty name for an expression.
	partitioned []string
	// unidentified: its updates are published, and it has no replica identity.
	unidentified bool
	hasChildren  bool // that inherit from it, other than partitions
	columns      map[string]relationColumn
	unique       []uniqueIndex
	extras       []extra
}

type relationColumn struct {
	kind, base, category string
	rounded              string // the type with its precision, if it rounds to one
	isEnum               bool
	notNull, hasDefault  bool
	isComputed           bool
	// length of a text in characters, 0 for any; scale of a numeric, anyScale for
	// any.
	length, scale int
	// nondeterministic: different texts may be equal.
	nondeterministic bool
	// defaults is the default's expression.
	defaults string
	// sequence gives the values, left is the part of them that is.
	sequence       string
	sequenceUsable bool
	left           float64
}

type uniqueIndex struct {
	name       string
	columns    []string // an empty name for an expression
	constraint string   // that it belongs to, empty for none
	primary, valid, deferrable, partial,
	nullsEqual bool
}

// usable reports whether ON CONFLICT can use the index (PostgreSQL, INSERT).
func (i uniqueIndex) usable() bool {
	return i.valid && !i.deferrable && !i.partial && !slices.Contains(i.columns, "")
}

// policy of row-level security that is in force for the role.
type policy struct {
	command    string // pg_policy.polcmd
	permissive bool
	open       bool // for every row
}

// extra is something else that acts on rows: its kind is trigger, rule, check,
// foreign key or function; its detail is pg_rewrite.ev_type of a rule, and the
// column whose default calls a function.
type extra struct{ kind, name, detail string }

// isWhole reports whether the column rounds to whole numbers.
func (c relationColumn) isWhole() bool {
	switch c.base {
	case "smallint", "integer", "bigint":
		return true
	default:
		return c.base == "numeric" && c.scale == 0
	}
}

// fits reports whether the column is of a class.
func (c relationColumn) fits(wanted class) bool {
	switch wanted {
	case textClass:
		return c.category == "S" || c.category == "N" || c.base == "uuid"
	case numberClass:
		return c.category == "N"
	case booleanClass:
		return c.category == "B"
	case bitsClass:
		return c.base == "bit varying" && (c.length == 0 || c.length >= progress.MaxSegmentBits)
	default:
		return c.base == "timestamp with time zone" || c.base == "timestamp without time zone"
	}
}

// relation reads what the catalog has of a mapped table.
func (d *Database) relation(ctx context.Context, q querier, m *config.Mapping) (r relation, found bool, err error) {
	var oid uint32
	err = q.QueryRow(ctx, d.sql.relation, m.Schema, m.Table).Scan(
		&oid, &r.kind, &r.persistence, &r.schemaUsable, &r.denied, &r.secured, &r.partitioned, &r.unidentified, &r.hasChildren)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	r.columns = map[string]relationColumn{}
	var name string
	var c relationColumn
	each := func(sql string, targets []any, do func()) error {
		rows, err := q.Query(ctx, sql, oid)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, targets, func() error {
			do()
			return nil
		})
		return err
	}
	if err := each(d.sql.relationColumns, []any{
		&name, &c.kind, &c.base, &c.rounded, &c.category, &c.isEnum, &c.notNull, &c.hasDefault, &c.isComputed,
		&c.length, &c.scale, &c.nondeterministic, &c.defaults, &c.sequence, &c.sequenceUsable, &c.left,
	}, func() { r.columns[name] = c }); err != nil {
		return r, false, err
	}
	var i uniqueIndex
	if err := each(d.sql.relationUnique, []any{&i.name, &i.columns, &i.constraint, &i.primary, &i.valid, &i.deferrable, &i.partial, &i.nullsEqual}, func() {
		r.unique = append(r.unique, i)
		i.columns = nil
	}); err != nil {
		return r, false, err
	}
	var e extra
	if err := each(d.sql.relationExtras, []any{&e.kind, &e.name, &e.detail}, func() { r.extras = append(r.extras, e) }); err != nil {
		return r, false, err
	}
	var p policy
	err = each(d.sql.relationPolicies, []any{&p.command, &p.permissive, &p.open}, func() { r.policies = append(r.policies, p) })
	return r, err == nil, err
}
