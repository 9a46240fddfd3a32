package postgres

import (
	"errors"
	"io"
	"net"
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

// classifyServer judges by the SQLSTATE only. The server's texts are for its
// own log: message, detail and hint may hold keys and values.
func classifyServer(e *pgconn.PgError) Failure {
	f := rule(e.Code)
	f.SQLState, f.Constraint = e.Code, e.ConstraintName
	f.Message += " (SQLSTATE " + e.Code + ")."
	if f.advice != "" {
		f.Message += " " + f.advice
	}
	return f.Failure
}

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
		return fails(Other, KindServer, Transient, "Postgres can't do what was asked", "If it stays, look into the server's log.")
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
	case "22", "23":
		return badData()
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
	default:
		return fails(Other, KindServer, Hold, "Postgres refuses the write", "Look into the server's log, for instance for a trigger on progress_sync.lesson_progress.")
	}
}

func badData() advised {
	return fails(BadData, KindValidation, Data, "Postgres refuses a record for what is in it",
		"The record is set aside and counted; the others of its batch are written.")
}
