package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"
)

// SchemaReport is what there is in a database.
type SchemaReport struct {
	// Version of the tables in schema progress_sync, and the one that this
	// program works with; a higher one may do as well.
	Version, Needed int
	// Table that takes the records, quoted.
	Table string
	// Notes are what a mapped table may do that nobody expects.
	Notes []string
}

// Check says whether batches could be written, and changes nothing. The error
// has a line for the sidecar's own tables and one for a mapped table, each with
// all that is missing and how to add it.
func (d *Database) Check(ctx context.Context) (SchemaReport, error) {
	s := d.session()
	var report SchemaReport
	var mistakes []error
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		all, err := migrations(sqlFiles)
		if err != nil {
			return err
		}
		report.Needed, report.Table = len(all), ownTable().name
		state, err := d.inspect(ctx, conn)
		if err != nil {
			return err
		}
		report.Version = state.version
		var usable bool
		var secured []string
		if err := conn.QueryRow(ctx, d.sql.rights).Scan(&usable, &secured); err != nil {
			return err
		}
		switch {
		case state.version < len(all):
			mistakes = append(mistakes, named("checking the sidecar's tables", schemaMissing(len(all), state.version, "")))
		case state.oldestProgram > len(all):
			mistakes = append(mistakes, named("checking the sidecar's tables", schemaTooNew(len(all), state)))
		case !usable:
			mistakes = append(mistakes, named("checking the sidecar's tables", rightsMissing()))
		case len(secured) > 0:
			mistakes = append(mistakes, named("checking the sidecar's tables", rowsSecured(secured)))
		}
		if m := s.options.Mapping; m != nil {
			report.Table = nameOf(m)
			_, findings, err := d.examine(ctx, conn, m)
			if err != nil {
				return err
			}
			if wrong := of(findings, refuses, lacks); len(of(wrong, refuses, refuses)) > 0 {
				mistakes = append(mistakes, named("checking the mapped table", unfit(report.Table, wrong)))
			} else if len(wrong) > 0 {
				mistakes = append(mistakes, named("checking the mapped table", incomplete(report.Table, wrong)))
			}
			for _, f := range of(findings, notes, notes) {
				report.Notes = append(report.Notes, f.String())
			}
		}
		return nil
	})
	if err != nil {
		return report, named("checking the database", err)
	}
	return report, errors.Join(mistakes...)
}
