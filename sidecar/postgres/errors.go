package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/postgres/connstring"
)

// operationError is every error that this package returns. Its text is made of
// the operation and the failure's message only: the texts of the driver and
// the server name hosts, roles and values.
type operationError struct {
	operation string
	cause     error
}

func (e *operationError) Error() string {
	return e.operation + ": " + Classify(e.cause).Message
}

func (e *operationError) Unwrap() error { return e.cause }

// named says what was being done; nil stays nil.
func named(operation string, err error) error {
	if err == nil {
		return nil
	}
	return &operationError{operation: operation, cause: err}
}

// setupError is something that is missing or wrong on our side of a statement:
// the Secret, the schema or the rights on it.
type setupError struct {
	failure Failure
	cause   error
}

func (e *setupError) Error() string { return e.failure.Message }
func (e *setupError) Unwrap() error { return e.cause }

func secretMissing(cause error) error {
	return &setupError{cause: cause, failure: Failure{
		Class: SecretMissing, Kind: KindServer, Retry: Hold,
		Message: "The Secret with the database's URI is not there. Create the Secret that the policy names in " +
			"spec.database.secretRef, in the pod's namespace; the sidecar picks it up without a restart.",
	}}
}

// secretInvalid says what is wrong with the text in the Secret, where that can
// be said without repeating any of it.
func secretInvalid(cause error) error {
	message := "The database's URI in the Secret can't be read."
	if stated, ok := errors.AsType[*connstring.Error](cause); ok {
		message = "The database's URI in the Secret can't be used: " + stated.Error()
	}
	return &setupError{cause: cause, failure: Failure{
		Class: SecretInvalid, Kind: KindServer, Retry: Hold,
		Message: message + " Correct the Secret; the sidecar picks it up without a restart.",
	}}
}

// settingRefused explains a connection that the server refused for what the
// connection string passes on to it. No record is to blame for a refusal that
// came before one was sent.
func settingRefused(err error, settings []string) error {
	var connect *pgconn.ConnectError
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || !errors.As(err, &connect) {
		return err
	}
	failure := Classify(err)
	names := "database, role"
	if len(settings) > 0 {
		names = strings.Join(settings, ", ")
	}
	switch code := refusal.Code; {
	case failure.Retry == Data, code == "42704", code == "55P02", code == "42601":
		failure.Class, failure.Kind, failure.Retry = SecretInvalid, KindServer, Hold
		failure.Message = fmt.Sprintf("Postgres refuses what the URI in the Secret passes on to it, or the value of it "+
			"(SQLSTATE %s): %s. Remove or correct it in the Secret; the sidecar picks it up without a restart.", code, names)
	case len(settings) == 0:
		return err
	case code == "42501":
		failure.Message += fmt.Sprintf(" Or the role may not set what the URI in the Secret passes on (%s): remove it there.", names)
	case code == "08P01":
		failure.Message += fmt.Sprintf(" A PgBouncer refuses settings that it does not know: remove them from the URI in the Secret (%s) "+
			"or name them in its ignore_startup_parameters.", names)
	default:
		return err
	}
	return &setupError{failure: failure, cause: err}
}

// schemaMissing says why the sidecar doesn't make what is missing, if it could
// be asked to.
func schemaMissing(needed, found int, why string) error {
	what := "The tables in schema progress_sync are missing"
	if found > 0 {
		what = fmt.Sprintf("The tables in schema progress_sync are of version %d, this sidecar needs version %d", found, needed)
	}
	return &setupError{failure: Failure{
		Class: SchemaMissing, Kind: KindServer, Retry: Hold,
		Message: what + why + ". Apply them: " + printMigrations + ".",
	}}
}

// registryMissing says why sidecars don't find each other, if batches can be written
// all the same.
func registryMissing(needed, found int, why string) error {
	if found < versionToWrite {
		return schemaMissing(needed, found, why)
	}
	return &setupError{failure: Failure{
		Class: SchemaMissing, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("Progress is written, but sidecars can't find each other: the tables in schema progress_sync are of "+
			"version %d, it takes version %d%s. Apply them: %s; then %s", found, versionToEnroll, why, printMigrations, grantTables),
	}}
}

// eventsMissing says why nothing is written while events are asked for: one that could
// not be written would be lost.
func eventsMissing(needed, found int, why string) error {
	if found < versionToWrite {
		return schemaMissing(needed, found, why)
	}
	return &setupError{failure: Failure{
		Class: SchemaMissing, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("The policy asks for events, and progress_sync.outbox is missing: the tables in schema progress_sync are of version "+
			"%d, it takes version %d%s. Apply them: %s; then %s Or set spec.events.enabled to false. Until then nothing is written, so that no "+
			"event is lost", found, versionToTell, why, printMigrations, grantTables),
	}}
}

// sendingMissing says why no events are sent, if batches can be written all the same.
func sendingMissing(needed, found int, why string) error {
	if found < versionToWrite {
		return schemaMissing(needed, found, why)
	}
	return &setupError{failure: Failure{
		Class: SchemaMissing, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("Progress is written, but no events are sent to the webhook: the tables in schema progress_sync are of "+
			"version %d, it takes version %d%s. Apply them: %s; then %s", found, versionToSend, why, printMigrations, grantTables),
	}}
}

// drawMissing says what analytics lack, if sidecars have all that they need.
func drawMissing(found int) string {
	return fmt.Sprintf("the function progress_sync.variant_of, with which SQL tells a learner's variant, is missing: schema progress_sync is of "+
		"version %d, it takes version %d. Sidecars work without it. To have it, apply: %s", found, versionToDraw, printMigrations)
}

// statisticsMissing says why there is no catalogue of courses, if batches can be written
// all the same.
func statisticsMissing(needed, found int, why string) error {
	if found < versionToWrite {
		return schemaMissing(needed, found, why)
	}
	return &setupError{failure: Failure{
		Class: SchemaMissing, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("Progress is written, but there is no catalogue of courses: the tables in schema progress_sync are of "+
			"version %d, it takes version %d%s. Apply them: %s; then %s", found, versionToReport, why, printMigrations, grantTables),
	}}
}

// viewsMissing says what reports lack, if sidecars have all that they need.
func viewsMissing(found int) string {
	return fmt.Sprintf("the views for statistics and the catalogue of courses are missing: schema progress_sync is of "+
		"version %d, it takes version %d. Progress is written without them. To have them, apply: %s; then %s",
		found, versionToReport, printMigrations, grantTables)
}

// catalogueDenied says what a role lacks that may write batches.
func catalogueDenied() error {
	return &setupError{failure: Failure{
		Class: NoPrivilege, Kind: KindServer, Retry: Hold,
		Message: "Progress is written, but the statistics of courses fail: the role in the Secret lacks rights on the table " +
			"progress_sync.course_catalogue. As the owner of the tables, run: " + grantTables,
	}}
}

// segmentsMissing says what a schema of an earlier version does not keep.
func segmentsMissing(found int) string {
	return fmt.Sprintf("the columns watched and watched_step of progress_sync.lesson_progress are missing: schema progress_sync is of "+
		"version %d, they take version %d. Progress is written without watched segments. To have them, apply: %s", found, versionToWatch, printMigrations)
}

// daysMissing says why nothing is added to learners' days while that is asked for.
func daysMissing(found int) string {
	if found < versionToAddUp {
		return fmt.Sprintf("the table progress_sync.activity_daily is missing: schema progress_sync is of version %d, it takes version %d. "+
			"Progress is written without it. To have it, apply: %s; then %s", found, versionToAddUp, printMigrations, grantTables)
	}
	return "progress is written, but database.activityDaily has no effect: the role in the Secret lacks rights on the table " +
		"progress_sync.activity_daily. As the owner of the tables, run: " + grantTables
}

// registryDenied says what a role lacks that may write batches.
func registryDenied() error {
	return &setupError{failure: Failure{
		Class: NoPrivilege, Kind: KindServer, Retry: Hold,
		Message: "Progress is written, but sidecars can't find each other: the role in the Secret lacks rights on the table " +
			"progress_sync.sidecars. As the owner of the tables, run: " + grantTables,
	}}
}

func schemaTooNew(known int, state schemaState) error {
	return &setupError{failure: Failure{
		Class: SchemaTooNew, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("The tables in schema progress_sync are of version %d, which needs a sidecar built for "+
			"version %d or later; this one knows version %d. Use a newer sidecar image.", state.version, state.oldestProgram, known),
	}}
}

// rowsHidden says that what is not seen may be there all the same.
func rowsHidden(table string) error {
	return &setupError{failure: Failure{
		Class: NoPrivilege, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("Row-level security may hide rows of %[1]s from the role in the Secret, so what is saved there, or gone "+
			"from there, can't be told. Let the role see and change all rows: CREATE POLICY progress_sync ON %[1]s TO <role> "+
			"USING (true) WITH CHECK (true); or, where another policy is RESTRICTIVE: ALTER ROLE <role> BYPASSRLS;", table),
	}}
}

// rowsRemain says that an erasure has been answered and not carried out.
func rowsRemain(table string) error {
	return &setupError{failure: Failure{
		Class: NotWritten, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("Postgres reported the erasure of a learner as done, and the rows in %[1]s are still there: row-level "+
			"security has no policy for DELETE, or a trigger or rule keeps them. Add the policy: CREATE POLICY progress_sync_delete "+
			"ON %[1]s FOR DELETE TO <role> USING (true); or let the trigger delete when this role does. It is tried again by itself.", table),
	}}
}

func rightsMissing() error {
	return &setupError{failure: Failure{
		Class: NoPrivilege, Kind: KindServer, Retry: Hold,
		Message: "The role in the Secret lacks rights on the tables. As the owner of the tables, run: " + grantTables,
	}}
}

// rowsSecured says that row-level security is in force on our own tables.
func rowsSecured(tables []string) error {
	var run strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&run, " ALTER TABLE progress_sync.%s DISABLE ROW LEVEL SECURITY;", t)
	}
	return &setupError{failure: Failure{
		Class: NoPrivilege, Kind: KindServer, Retry: Hold,
		Message: "Row-level security on the tables in schema progress_sync hides their rows from the role in the Secret. As the owner of the tables, run:" + run.String(),
	}}
}

// migrationRefused puts the statement that helps into an error about missing
// rights; other errors stay as they are.
func migrationRefused(cause error, state schemaState) error {
	failure := Classify(cause)
	if failure.Class != NoPrivilege {
		return cause
	}
	grant := grantCreate
	if state.exists {
		grant = grantSchema
	}
	failure.Message = fmt.Sprintf("The role in the Secret may not create the tables (%s). Let it: %s Or apply them as "+
		"another role: %s; then %s", failure.SQLState, grant, printMigrations, grantTables)
	return &setupError{failure: failure, cause: cause}
}

// What to run, with the names that must not be in a message left open.
const (
	grantCreate     = "GRANT CREATE ON DATABASE <database> TO <role>;"
	grantSchema     = "ALTER SCHEMA progress_sync OWNER TO <role>; and the same for its tables."
	grantTables     = "GRANT USAGE ON SCHEMA progress_sync TO <role>; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA progress_sync TO <role>;"
	buildIndex      = "CREATE INDEX CONCURRENTLY IF NOT EXISTS lesson_progress_course ON progress_sync.lesson_progress (course_id, lesson_id);"
	dropIndex       = "DROP INDEX CONCURRENTLY progress_sync.lesson_progress_course;"
	printMigrations = `sidecar migrate --print | psql -v ON_ERROR_STOP=1 "$DATABASE_URI"`
)
