package postgres

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// migrationLock is the advisory lock under which migrations are applied, the
// letters "progsync". The transaction has it, not the session, so that it works
// through PgBouncer.
const migrationLock = 0x70726f6773796e63

// What a sidecar does needs the schema in a version of its own, so that one that may
// not change the schema goes on writing after an upgrade.
const (
	versionToWrite  = 3
	versionToEnroll = 4
	versionToDraw   = 5  // variants, in SQL: no sidecar does
	versionToTell   = 6  // events, where a policy asks for them
	versionToSend   = 7  // events to a webhook
	versionToReport = 8  // statistics
	versionToWatch  = 9  // segments: without it they are not written
	versionToAddUp  = 11 // days: likewise
)

// migration is a step of the schema. Its file enters itself in
// progress_sync.schema_migrations.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations reads the embedded files, which are named like 0001_what.sql, in
// the order of their versions.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "sql/migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("listing the migrations: %w", err)
	}
	all := make([]migration, 0, len(names))
	for _, file := range names { // Glob sorts
		number, name, ok := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != len(all)+1 {
			return nil, fmt.Errorf("migration %s is not named after version %d", path.Base(file), len(all)+1)
		}
		content, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("reading migration %d: %w", version, err)
		}
		all = append(all, migration{version: version, name: name, sql: string(content)})
	}
	return all, nil
}

// MigrationSQL is all that migrations: Manual needs, to be piped into psql. It
// may be run again. For a mapping, which may be nil, it tells in comments what
// is expected of the table.
func MigrationSQL(mapping *config.Mapping) (string, error) {
	all, err := migrations(sqlFiles)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- Schema of progress-sync, version %d. It may be run again.\n"+
		"-- If another role than the sidecar's runs this, let the sidecar's role in:\n"+
		"--   %s\n", len(all), grantTables)
	for _, m := range all {
		fmt.Fprintf(&b, "\n-- version %d: %s\nBEGIN;\n%s;\n\n%s\nCOMMIT;\n",
			m.version, strings.ReplaceAll(m.name, "_", " "), lockSQL(), strings.TrimSpace(m.sql))
	}
	fmt.Fprintf(&b, "\n-- A table that had many rows before version %d has no index for the statistics of a course.\n"+
		"-- Build it as the owner of the table, outside a transaction; writes go on meanwhile:\n--   %s\n", versionToReport, buildIndex)
	if mapping != nil {
		b.WriteString("\n" + mappingPlan(mapping))
	}
	return b.String(), nil
}

// mappingPlan lists, as comments, what a mapping asks of its table.
func mappingPlan(m *config.Mapping) string {
	var b strings.Builder
	name := quoted(m.Schema) + "." + quoted(m.Table)
	fmt.Fprintf(&b, "-- Records go to %s, which database.mapping names. It needs:\n", name)
	for _, f := range recordFields() {
		if column := columnOf(m, f.Name); column != "" {
			fmt.Fprintf(&b, "--   column %s for %s: %s", quoted(column), f.Name, f.class)
			if factor := m.Scale[f.Name]; factor != "" {
				fmt.Fprintf(&b, ", gets the value times %s", factor)
			}
			b.WriteString("\n")
		}
	}
	for _, column := range slices.Sorted(maps.Keys(m.Fixed)) {
		fmt.Fprintf(&b, "--   column %s, which gets a fixed value\n", quoted(column))
	}
	if m.EventMark != "" {
		fmt.Fprintf(&b, "--   column %s for eventMark: a bigint that may be null\n", quoted(m.EventMark))
	}
	fmt.Fprintf(&b, "--   a unique index on %s, alone or with columns of a fixed value\n", quotedList(keyColumns(m)))
	fmt.Fprintf(&b, "--   GRANT USAGE ON SCHEMA %s TO <role>; GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO <role>;\n", quoted(m.Schema), name)
	b.WriteString("-- `sidecar migrate --check` says whether it has. Views for statistics over it: `sidecar migrate --views`.\n")
	return b.String()
}

func lockSQL() string { return fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", migrationLock) }

// schemaState is what there is in a database.
type schemaState struct {
	exists bool // the schema, with or without its tables
	// version is the newest migration before the one of which something is missing.
	version int
	// oldestProgram is the oldest version that a program must have been built
	// for to work with this one.
	oldestProgram int
	// mayCreate says that the role may create tables there.
	mayCreate bool
}

// querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}

func (d *Database) inspect(ctx context.Context, q querier) (schemaState, error) {
	var state schemaState
	var first, erasures, identity, sidecars, variants, outbox, webhook, statistics, watched, days bool
	if err := q.QueryRow(ctx, d.sql.schemaVersion).Scan(&state.exists, &first, &erasures, &identity, &sidecars, &variants,
		&outbox, &webhook, &statistics, &watched, &days, &state.mayCreate); err != nil || !first {
		return state, err
	}
	err := q.QueryRow(ctx, d.sql.schemaMigrations).Scan(&state.version, &state.oldestProgram)
	switch {
	case !erasures:
		state.version = min(state.version, 1)
	case !identity:
		state.version = min(state.version, 2)
	case !sidecars:
		state.version = min(state.version, 3)
	case !variants:
		state.version = min(state.version, 4)
	case !outbox:
		state.version = min(state.version, versionToTell-1)
	case !webhook:
		state.version = min(state.version, versionToSend-1)
	case !statistics:
		state.version = min(state.version, versionToReport-1)
	case !watched:
		state.version = min(state.version, versionToWatch-1)
	case !days:
		state.version = min(state.version, versionToAddUp-1)
	}
	return state, err
}

// ready is readySchema where it has not been seen yet, and from time to time where the
// schema lacks what can be done without.
func (d *Database) ready(ctx context.Context, options Options, conn *pgxpool.Conn) (*target, error) {
	if t := d.seen.Load(); t != nil && t.serves(options) && (t.renew.IsZero() || time.Now().Before(t.renew)) {
		return t, nil
	}
	return d.readySchema(ctx, options, conn)
}

// readable is what to read from. Nothing is created for a read.
func (d *Database) readable(ctx context.Context, options Options, conn *pgxpool.Conn) (*target, error) {
	if t := d.seen.Load(); t != nil && t.serves(options) {
		return t, nil
	}
	state, err := d.inspect(ctx, conn)
	if err != nil {
		return nil, err
	}
	return d.find(ctx, options, conn, state, false)
}

// renewAfter is how long a schema without segments is taken to be without them.
const renewAfter = time.Minute

// find makes the statements for our own table or the one that a mapping names. If they
// are to write with, later calls find them.
func (d *Database) find(ctx context.Context, options Options, q querier, state schemaState, toWrite bool) (*target, error) {
	t, mark := ownTable(), ownMark
	if options.Mapping != nil {
		var err error
		if t, err = d.mapped(ctx, q, options.Mapping); err != nil {
			return nil, err
		}
		mark = quoted(options.Mapping.EventMark)
	}
	if options.tells() {
		t = t.telling(mark, options.Departures)
	}
	t.watchedToComplete = options.WatchedToComplete
	if state.version < versionToWatch {
		t = t.withoutSegments()
	}
	if options.ActivityDaily {
		var err error
		if t.daily, err = d.mayAddDays(ctx, q); err != nil {
			return nil, err
		}
	}
	found := newTarget(options.Mapping, t)
	found.daily, found.departures = options.ActivityDaily, options.Departures
	switch {
	case options.ActivityDaily && !t.daily: // no write may miss that it has come
		found.renew = time.Now()
	case state.version < versionToWatch:
		found.renew = time.Now().Add(renewAfter)
	}
	if toWrite {
		d.seen.Store(found)
	}
	return found, nil
}

// readySchema returns what to write to when the tables are as this program
// needs them, after creating or upgrading ours if it may.
func (d *Database) readySchema(ctx context.Context, options Options, conn *pgxpool.Conn) (*target, error) {
	needed, missing := versionToWrite, schemaMissing
	if options.tells() {
		needed, missing = versionToTell, eventsMissing
	}
	state, err := d.upgrade(ctx, options, conn, needed, missing)
	if err != nil {
		return nil, err
	}
	return d.find(ctx, options, conn, state, true)
}

// upgrade brings the schema to the newest version, if it may, and returns what there is
// then. It fails if the schema
// is below the version that something needs then; missing is the error for one that
// others have to upgrade.
func (d *Database) upgrade(ctx context.Context, options Options, conn *pgxpool.Conn, needed int, missing func(needed, found int, why string) error) (schemaState, error) {
	all, err := migrations(sqlFiles)
	if err != nil {
		return schemaState{}, err
	}
	state, err := d.inspect(ctx, conn)
	if err != nil {
		return state, err
	}
	for state.version < len(all) && mayUpgrade(options.Migrations, state) {
		next, err := d.migrateOnce(ctx, options, conn, all)
		if err != nil && state.version < needed {
			return state, migrationRefused(err, next)
		}
		if err != nil {
			break // what needs the rest will say why it is missing
		}
		state = next
	}
	if state.version < needed {
		why := ", and the role in the Secret may not create them"
		if options.Migrations == config.MigrationsManual {
			why = ", and the policy says database.migrations: Manual"
		}
		return state, missing(len(all), state.version, why)
	}
	if state.oldestProgram > len(all) {
		return state, schemaTooNew(len(all), state)
	}
	return state, nil
}

// mayUpgrade reports whether to try the next migration. Without what batches need it is
// tried in any case, as the server's refusal says what the role lacks; but a refusal of
// the rest, again and again, would only fill the server's log.
func mayUpgrade(m config.Migrations, state schemaState) bool {
	return m != config.MigrationsManual && (state.mayCreate || state.version < versionToWrite)
}

// migrateOnce applies the next migration, unless another sidecar has done so
// meanwhile, and returns what there is then.
func (d *Database) migrateOnce(ctx context.Context, options Options, conn *pgxpool.Conn, all []migration) (state schemaState, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, d.sql.statementTimeout, serverTimeout(ctx, options.StatementTimeout)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, lockSQL()); err != nil {
			return err
		}
		if state, err = d.inspect(ctx, tx); err != nil || state.version >= len(all) {
			return err
		}
		next := all[state.version]
		// Without arguments pgx sends it as it is, several statements and all.
		if _, err := tx.Exec(ctx, next.sql); err != nil {
			return fmt.Errorf("applying migration %d: %w", next.version, err)
		}
		before := state.version
		if state, err = d.inspect(ctx, tx); err == nil && state.version <= before {
			err = fmt.Errorf("migration %d left the schema at version %d", next.version, state.version)
		}
		return err
	})
	return state, err
}

// forgetSchema makes the next write read the schema again if an error says that
// something of it is missing or of another kind.
func (d *Database) forgetSchema(err error) {
	if class := Classify(err).Class; class == SchemaMissing || class == Unsupported {
		d.seen.Store(nil)
		d.reports.Store(nil)
	}
}
