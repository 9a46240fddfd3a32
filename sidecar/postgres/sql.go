package postgres

import (
	"embed"
	"strings"
)

//go:embed sql
var sqlFiles embed.FS

var (
	applySQL            = mustSQL("apply.sql")
	claimSQL            = mustSQL("claim.sql")
	adoptSQL            = mustSQL("adopt.sql")
	ledgerSQL           = mustSQL("ledger.sql")
	snapshotSQL         = mustSQL("snapshot.sql")
	schemaVersionSQL    = mustSQL("schema_version.sql")
	schemaMigrationsSQL = mustSQL("schema_migrations.sql")
	statementTimeoutSQL = mustSQL("statement_timeout.sql")
)

// mustSQL panics only if the program was built without its SQL.
func mustSQL(name string) string {
	content, err := sqlFiles.ReadFile("sql/" + name)
	if err != nil {
		panic(err)
	}
	return withoutComments(string(content))
}

// withoutComments drops the lines that are comments, so that they don't travel
// and pg_stat_activity shows the statement.
func withoutComments(sql string) string {
	var b strings.Builder
	for line := range strings.Lines(sql) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			b.WriteString(line)
		}
	}
	return strings.TrimSpace(b.String())
}
