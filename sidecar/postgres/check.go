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
	// Notes are what a mapped table may do that nobody expects, and what is missing
	// that no sidecar needs.
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
		wrong, err := d.checkSchema(ctx, conn, s.options, state, len(all))
		if err != nil {
			return err
		}
		switch {
		case wrong != nil:
			mistakes = append(mistakes, named("checking the sidecar's tables", wrong))
		case state.version < versionToDraw:
			report.Notes = append(report.Notes, drawMissing(state.version))
		case s.options.tells() && state.version < versionToSend:
			report.Notes = append(report.Notes, Classify(sendingMissing(len(all), state.version, "")).Message)
		}
		if wrong == nil {
			notes, err := d.checkStatistics(ctx, conn, s.options, state.version)
			if err != nil {
				return err
			}
			report.Notes = append(report.Notes, notes...)
		}
		if wrong == nil && state.version < versionToWatch {
			report.Notes = append(report.Notes, segmentsMissing(state.version))
		}
		if wrong == nil && s.options.ActivityDaily {
			may, err := d.mayAddDays(ctx, conn)
			if err != nil {
				return err
			}
			if !may {
				report.Notes = append(report.Notes, daysMissing(state.version))
			}
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
			if s.options.Events && !s.options.tells() {
				report.Notes = append(report.Notes, marklessNote(report.Table))
			}
			if note := seenNote(report.Table, m); note != "" && s.options.WatchedToComplete > 0 {
				report.Notes = append(report.Notes, note)
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

// checkSchema says what is wrong with our own tables, the most important thing only:
// with what batches need, or else with what sidecars need to find each other.
func (d *Database) checkSchema(ctx context.Context, q querier, options Options, state schemaState, newest int) (wrong, err error) {
	if state.version < versionToWrite {
		return schemaMissing(newest, state.version, ""), nil
	}
	if state.oldestProgram > newest {
		return schemaTooNew(newest, state), nil
	}
	wrong, err = d.checkRights(ctx, q, rightsMissing, "lesson_progress", "ledger", "erasures")
	if wrong != nil || err != nil {
		return wrong, err
	}
	if options.tells() {
		if state.version < versionToTell {
			return eventsMissing(newest, state.version, ""), nil
		}
		if wrong, err = d.checkRights(ctx, q, rightsMissing, "outbox"); wrong != nil || err != nil {
			return wrong, err
		}
	}
	if state.version < versionToEnroll {
		return registryMissing(newest, state.version, ""), nil
	}
	return d.checkRights(ctx, q, registryDenied, "sidecars")
}

// checkStatistics says what reports lack.
func (d *Database) checkStatistics(ctx context.Context, q querier, options Options, version int) ([]string, error) {
	if version < versionToReport {
		return []string{viewsMissing(version)}, nil
	}
	var notes []string
	wrong, err := d.checkRights(ctx, q, catalogueDenied, "course_catalogue")
	if err != nil {
		return nil, err
	}
	if wrong != nil {
		notes = append(notes, Classify(wrong).Message)
	}
	if options.Mapping != nil {
		return notes, nil
	}
	var valid *bool
	if err := q.QueryRow(ctx, d.sql.reportIndex).Scan(&valid); err != nil {
		return nil, err
	}
	switch {
	case valid == nil:
		notes = append(notes, "it has no index for the statistics of a course, which therefore read the whole table. "+
			"Outside a transaction, as the owner of the table, run: "+buildIndex)
	case !*valid:
		notes = append(notes, "its index for the statistics of a course was not built to the end, and is of no use. "+
			"Outside a transaction, as the owner of the table, run: "+dropIndex+" "+buildIndex)
	}
	return notes, nil
}

// checkRights says what keeps the role from using some of our tables.
func (d *Database) checkRights(ctx context.Context, q querier, denied func() error, tables ...string) (wrong, err error) {
	var usable bool
	var secured []string
	if err := q.QueryRow(ctx, d.sql.rights, tables).Scan(&usable, &secured); err != nil {
		return nil, err
	}
	switch {
	case !usable:
		return denied(), nil
	case len(secured) > 0:
		return rowsSecured(secured), nil
	default:
		return nil, nil
	}
}
