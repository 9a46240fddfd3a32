package postgres

import "embed"

//go:embed sql
var sqlFiles embed.FS

var (
	applySQL            = mustSQL("apply.sql")
	claimSQL            = mustSQL("claim.sql")
	adoptSQL            = mustSQL("adopt.sql")
	ledgerSQL           = mustSQL("ledger.sql")
	readSQL             = mustSQL("read.sql")
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
	return string(content)
}
