package postgres

import (
	"embed"
	"strings"
)

//go:embed sql
var sqlFiles embed.FS

// statements are the files of the folder sql.
type statements struct {
	claim, moveLedger, touch, ledger          string
	renewLanes, ledgerLanes                   string
	statementTimeout, asynchronous            string
	schemaVersion, schemaMigrations           string
	relation, relationColumns, relationUnique string
	relationExtras, relationPolicies          string
	tombstone, lockLedger, rights, exhausted  string
	enroll, leave                             string
	deliveries                                deliveryStatements
	hasOutbox, eraseEvents                    string
	readOutbox, keepOutbox                    string
	listed, catalogue, catalogueLock          string
	catalogueRemove, cataloguePut             string
	reportIndex, reportSettings               string
	activityRights, eraseDays                 string
}

func loadStatements() statements {
	return statements{
		claim:            load("claim.sql"),
		moveLedger:       load("move_ledger.sql"),
		touch:            load("touch.sql"),
		ledger:           load("ledger.sql"),
		renewLanes:       load("renew_lanes.sql"),
		ledgerLanes:      load("ledger_lanes.sql"),
		statementTimeout: load("statement_timeout.sql"),
		asynchronous:     load("asynchronous.sql"),
		schemaVersion:    load("schema_version.sql"),
		schemaMigrations: load("schema_migrations.sql"),
		relation:         load("relation.sql"),
		relationColumns:  load("relation_columns.sql"),
		relationUnique:   load("relation_unique.sql"),
		relationExtras:   load("relation_extras.sql"),
		relationPolicies: load("relation_policies.sql"),
		rights:           load("rights.sql"),
		exhausted:        load("exhausted.sql"),
		tombstone:        load("tombstone.sql"),
		lockLedger:       load("lock_ledger.sql"),
		enroll:           load("enroll.sql"),
		leave:            load("leave.sql"),
		deliveries:       loadDeliveries(),
		hasOutbox:        load("has_outbox.sql"),
		eraseEvents:      load("erase_events.sql"),
		readOutbox:       loadWithLife("read_outbox.sql"),
		keepOutbox:       load("keep_outbox.sql"),
		listed:           load("listed.sql"),
		catalogue:        load("catalogue.sql"),
		catalogueLock:    load("catalogue_lock.sql"),
		catalogueRemove:  load("catalogue_remove.sql"),
		cataloguePut:     load("catalogue_put.sql"),
		reportIndex:      load("report_index.sql"),
		reportSettings:   load("report_settings.sql"),
		activityRights:   load("activity_rights.sql"),
		eraseDays:        load("erase_days.sql"),
	}
}

// load panics only if the program was built without its SQL.
func load(name string) string {
	content, err := sqlFiles.ReadFile("sql/" + name)
	if err != nil {
		panic(err)
	}
	return withoutComments(string(content))
}

// loadWithLife loads a statement that asks for the server's life.
func loadWithLife(name string) string {
	return fill(load(name), map[string]string{"life": load("server_life.sql")})
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

// fill puts expressions and lists into the holes of a statement, which are names in
// braces.
func fill(sql string, holes map[string]string) string {
	var pairs []string
	for name, value := range holes {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sql)
}
