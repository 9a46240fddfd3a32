package postgres

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// isConnectionLoss recognizes a connection that ended under a statement.
func isConnectionLoss(err error) bool {
	var operation *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.As(err, &operation)
}

// classifyServer judges by the SQLSTATE, and where that leaves open whose fault
// it is, by where in the server the error was raised. The server's texts are for
// its own log: message, detail and hint may hold keys and values.
func classifyServer(e *pgconn.PgError) Failure {
	f := ruleFor(e)
	if f.Class == NotWritten { // the code is ours, and the server has none for it
		f.Message += "."
	} else {
		f.SQLState, f.Constraint = e.Code, e.ConstraintName
		f.Message += " (SQLSTATE " + e.Code + ")."
	}
	if f.advice != "" {
		f.Message += " " + f.advice
	}
	return f.Failure
}

// ruleFor judges by what surrounds an error, and by its SQLSTATE where that
// says nothing.
func ruleFor(e *pgconn.PgError) advised {
	// The context names the function that the server was in. A statement of ours
	// calls none that fails, so it is one of the table's own.
	inFunction := e.Where != ""
	switch {
	case e.Code == "":
		return fails(Other, KindServer, Hold, "Postgres refuses the write and gives no code", "Look into the server's log.")
	case e.Code == stateNotWritten && !inFunction:
		return fails(NotWritten, KindValidation, Data, "Postgres reported a row as written and it is not",
			"A trigger or rule of the table drops it: change it, then replay the dead letter.")
	case e.Code == "0A000" && e.Routine == "RevalidateCachedQuery":
		return fails(Conflict, KindServer, Transient, "The table has changed since the statement was prepared", "It will be tried again.")
	case e.Code == "23514" && e.ConstraintName == "" && e.SchemaName == "progress_sync" && strings.HasPrefix(e.TableName, "outbox"):
		// The event was on its way into the default partition, and the day's own was attached.
		return fails(Conflict, KindServer, Transient, "The outbox has got a partition meanwhile", "It will be tried again.")
	case e.Code == "42501" && e.Routine == "ExecWithCheckOptions":
		return refusal("Row-level security refuses a record")
	case raised(e) && (e.Code == "XX000" || rule(e.Code).Retry != Transient):
		return refusal("A trigger or function of the table refuses a record")
	case inFunction && e.Code == "42501":
		return fails(NoPrivilege, KindServer, Hold, "A trigger or function of the table lacks rights on what it uses",
			"Grant them to the role in the Secret, or make the function SECURITY DEFINER. It will be tried again.")
	case inFunction && strings.HasPrefix(e.Code, "42"):
		return fails(Unsupported, KindServer, Hold, "A trigger or function of the table fails",
			"Mend it; the server's log names it. It will be tried again.")
	default:
		return rule(e.Code)
	}
}

// raised reports whether a function raised the error on purpose: by RAISE, or by
// the exception of a language other than PL/pgSQL, which come as "external
// routine" or "internal" errors.
func raised(e *pgconn.PgError) bool {
	return e.Routine == "exec_stmt_raise" || e.Where != "" && (strings.HasPrefix(e.Code, "38") || e.Code == "XX000")
}

// stateNotWritten is the SQLSTATE of failNotWritten,
// invalid_argument_for_width_bucket_function.
const stateNotWritten = "2201G"

// advised is a failure whose message is still in two parts: what is wrong, and
// what to do next.
type advised struct {
	Failure
	advice string
}

func fails(class Class, kind string, retry Retry, what, advice string) advised {
	return advised{Failure{Class: class, Kind: kind, Retry: retry, Message: what}, advice}
}

// rule finds the rule for a SQLSTATE: the whole of it, else its class, its
// first two characters.
func rule(code string) advised {
	switch code {
	case "25006":
		return fails(ReadOnly, KindServer, Transient, "Postgres takes no writes: it is a standby or set to read-only",
			"It will be tried again on a new connection. With several hosts, put target_session_attrs=primary into the URI.")
	case "42501":
		return fails(NoPrivilege, KindServer, Hold, "The role in the Secret lacks rights on the tables",
			"As the owner of the tables, run: "+grantTables+" It will be tried again.")
	case "3F000", "42P01", "42703", "42P10":
		return fails(SchemaMissing, KindServer, Hold, "The tables in schema progress_sync are missing or not as the migrations make them",
			"With database.migrations: Auto the sidecar creates what is missing; otherwise apply them: "+printMigrations+".")
	case "26000", "42P05":
		return fails(Other, KindServer, Transient, "A prepared statement got lost between sidecar and Postgres",
			"A PgBouncer older than 1.21 does that: upgrade it (max_prepared_statements above 0), or set database.execMode: Exec in the policy.")
	case "0A000":
		return fails(Unsupported, KindServer, Hold, "Postgres can't write to the table in the way the sidecar does",
			"A rule, a foreign table or a distributed one is the usual reason; sidecar migrate --check says more. It will be tried again.")
	case "53300", "53400":
		return fails(Overloaded, KindRateLimit, Transient, "Postgres has no free connection left",
			"It will be tried again. Lower database.maxConnections in the policy, put a PgBouncer in front, or raise max_connections.")
	case "53100":
		return fails(Overloaded, KindServer, Transient, "The disk of Postgres is full", "Free space on it; the sidecar goes on by itself.")
	case "57014":
		return fails(Overloaded, KindServer, Transient, "Postgres took longer than database.statementTimeout",
			"It will be tried again. If it stays, look for locks on progress_sync.lesson_progress or raise the timeout.")
	case "55P03":
		return fails(Conflict, KindServer, Transient, "A row was locked for too long", "It will be tried again.")
	case "57P04":
		return rule("3D000")
	case "21000", "54000":
		// A key twice, or one too long for the index: only in this batch.
		return badData()
	}
	switch code[:min(2, len(code))] {
	case "08":
		return fails(Unreachable, KindNetwork, Transient, "The connection to Postgres failed",
			"It will be tried again. If it stays, check what stands between, such as a PgBouncer.")
	case "22", "23", "44":
		return badData()
	case "HV":
		return fails(Unsupported, KindServer, Hold, "The server of a foreign table fails", "Look into the server's log. It will be tried again.")
	case "28":
		return fails(Refused, KindServer, Hold, "Postgres refuses the role or the password in the Secret",
			"Put the right credentials into the Secret; the sidecar picks them up without a restart.")
	case "3D":
		return fails(NoDatabase, KindServer, Hold, "The database that the URI in the Secret names does not exist",
			"Create it, or correct the Secret.")
	case "40":
		return fails(Conflict, KindServer, Transient, "Another transaction was in the way", "It will be tried again.")
	case "42":
		return fails(Other, KindServer, Hold, "Postgres refuses the sidecar's statement",
			"Check that the tables in schema progress_sync are as the migrations make them, and look into the server's log.")
	case "53":
		return fails(Overloaded, KindRateLimit, Transient, "Postgres is short of resources", "It will be tried again.")
	case "57":
		return fails(ShuttingDown, KindServer, Transient, "Postgres is starting up or shutting down", "It will be tried again.")
	case "58", "XX", "25", "55":
		return fails(Other, KindServer, Transient, "Postgres failed", "It will be tried again. If it stays, look into the server's log.")
	default: // P0, 45, and those that people make up, come from functions
		return refusal("A trigger or function of the table refuses a record")
	}
}

// aside says what becomes of a refused record.
const aside = "If others can be written, it is set aside and counted; if none can, the table is at fault, and all is kept and tried again."

func badData() advised {
	return fails(BadData, KindValidation, Data, "Postgres refuses a record for what is in it", aside)
}

func refusal(what string) advised { return fails(BadData, KindValidation, Suspect, what, aside) }
