package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// explain examines an existing table after it has refused a record. The same
// SQLSTATE may say that a record has a value that does not fit, or that the
// table can take no row at all any more: a column that is new and has no
// default, a sequence that is used up. Then explain returns an error that says
// so and wraps the refusal; otherwise it returns the refusal as it is.
func (d *Database) explain(ctx context.Context, conn *pgxpool.Conn, t *target, refusal error) error {
	if retry := Classify(refusal).Retry; t.mapping == nil || retry != Data && retry != Suspect || conn.Conn().IsClosed() {
		return refusal
	}
	_, err := d.mapped(ctx, conn, t.mapping)
	if setup, ok := errors.AsType[*setupError](err); ok {
		return &setupError{failure: setup.failure, cause: refusal}
	}
	if err != nil {
		return errors.Join(err, refusal)
	}
	rows, err := conn.Query(ctx, d.sql.exhausted, t.mapping.Schema, t.mapping.Table)
	if err != nil {
		return errors.Join(err, refusal)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return errors.Join(err, refusal)
	}
	// A sequence may stand at its end while a record is refused for what is in it.
	if state := Classify(refusal).SQLState; len(columns) == 0 || state != sequenceUsedUp && state != outOfRange {
		return refusal
	}
	return exhausted(t.name, columns, refusal)
}

const (
	sequenceUsedUp = "2200H" // sequence_generator_limit_exceeded
	outOfRange     = "22003" // numeric_value_out_of_range
)

func exhausted(table string, columns []string, cause error) error {
	var widen []string
	for i, column := range columns {
		columns[i] = quoted(column)
		widen = append(widen, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE bigint", table, columns[i]))
	}
	return &setupError{cause: cause, failure: Failure{
		Class: TableExhausted, Kind: KindServer, Retry: Hold, SQLState: Classify(cause).SQLState,
		Message: fmt.Sprintf("The sequence of column %s of %s is used up, so the table takes no new row. Widen the column and its "+
			"sequence: %s; ALTER SEQUENCE <sequence> AS bigint MAXVALUE 9223372036854775807. All is kept and tried again by itself.",
			strings.Join(columns, " and "), table, strings.Join(widen, "; ")),
	}}
}
