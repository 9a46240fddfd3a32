package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"
)

func server(code string) error { return &pgconn.PgError{Code: code} }

func TestClassify(t *testing.T) {
	tests := map[string]struct {
		err   error
		class Class
		kind  string
		retry Retry
	}{
		"a refused connection":                {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, Unreachable, KindNetwork, Transient},
		"a reset connection":                  {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, Unreachable, KindNetwork, Transient},
		"an unknown host name":                {&net.DNSError{Name: "db", IsNotFound: true}, Unreachable, KindNetwork, Transient},
		"an end in mid-answer":                {fmt.Errorf("receiving: %w", io.ErrUnexpectedEOF), Unreachable, KindNetwork, Transient},
		"a deadline":                          {context.DeadlineExceeded, Unreachable, KindNetwork, Transient},
		"a call called off":                   {context.Canceled, Unreachable, KindNetwork, Transient},
		"a connection closed under us":        {pgconn.ErrConnClosed, Unreachable, KindNetwork, Transient},
		"an unknown certificate authority":    {x509.UnknownAuthorityError{}, Unreachable, KindNetwork, Hold},
		"a certificate for another host":      {x509.HostnameError{Certificate: &x509.Certificate{}}, Unreachable, KindNetwork, Hold},
		"only standbys":                       {fmt.Errorf("trying hosts: %w", pgconn.ErrStandbyConnection), ReadOnly, KindServer, Transient},
		"an unparsable URI":                   {pgconn.NewParseConfigError("postgres://u:p@h", "no", nil), SecretInvalid, KindServer, Hold},
		"no Secret":                           {secretMissing(nil), SecretMissing, KindServer, Hold},
		"an unusable Secret":                  {secretInvalid(nil), SecretInvalid, KindServer, Hold},
		"no tables under Manual":              {schemaMissing(1, 0, ""), SchemaMissing, KindServer, Hold},
		"a schema of a later sidecar":         {schemaTooNew(1, schemaState{version: 3, oldestProgram: 2}), SchemaTooNew, KindServer, Hold},
		"connection failure":                  {server("08006"), Unreachable, KindNetwork, Transient},
		"a protocol error of a bouncer":       {server("08P01"), Unreachable, KindNetwork, Transient},
		"a feature that is not there":         {server("0A000"), Unsupported, KindServer, Hold},
		"a key twice in a batch":              {server("21000"), BadData, KindValidation, Data},
		"a number out of range":               {server("22003"), BadData, KindValidation, Data},
		"a time out of range":                 {server("22008"), BadData, KindValidation, Data},
		"a character that is not UTF-8":       {server("22021"), BadData, KindValidation, Data},
		"a check that fails":                  {server("23514"), BadData, KindValidation, Data},
		"a partition of the outbox that came": {&pgconn.PgError{Code: "23514", SchemaName: "progress_sync", TableName: "outbox_default"}, Conflict, KindServer, Transient},
		"a partition of somebody else's":      {&pgconn.PgError{Code: "23514", SchemaName: "public", TableName: "outbox_default"}, BadData, KindValidation, Data},
		"a key too long for the index":        {server("54000"), BadData, KindValidation, Data},
		"a read-only transaction":             {server("25006"), ReadOnly, KindServer, Transient},
		"a failed transaction":                {server("25P02"), Other, KindServer, Transient},
		"a prepared statement that got lost":  {server("26000"), Other, KindServer, Transient},
		"a prepared statement that was there": {server("42P05"), Other, KindServer, Transient},
		"a wrong password":                    {server("28P01"), Refused, KindServer, Hold},
		"a role that may not log in":          {server("28000"), Refused, KindServer, Hold},
		"a database that is not there":        {server("3D000"), NoDatabase, KindServer, Hold},
		"a database that was dropped":         {server("57P04"), NoDatabase, KindServer, Hold},
		"a schema that is not there":          {server("3F000"), SchemaMissing, KindServer, Hold},
		"a table that is not there":           {server("42P01"), SchemaMissing, KindServer, Hold},
		"a column that is not there":          {server("42703"), SchemaMissing, KindServer, Hold},
		"a primary key that is not there":     {server("42P10"), SchemaMissing, KindServer, Hold},
		"no right to write":                   {server("42501"), NoPrivilege, KindServer, Hold},
		"another refusal of the statement":    {server("42804"), Other, KindServer, Hold},
		"a serialization failure":             {server("40001"), Conflict, KindServer, Transient},
		"a deadlock":                          {server("40P01"), Conflict, KindServer, Transient},
		"a lock that is not to be had":        {server("55P03"), Conflict, KindServer, Transient},
		"too many connections":                {server("53300"), Overloaded, KindRateLimit, Transient},
		"a full disk":                         {server("53100"), Overloaded, KindServer, Transient},
		"out of memory":                       {server("53200"), Overloaded, KindRateLimit, Transient},
		"a statement timeout":                 {server("57014"), Overloaded, KindServer, Transient},
		"a terminated backend":                {server("57P01"), ShuttingDown, KindServer, Transient},
		"a server that starts":                {server("57P03"), ShuttingDown, KindServer, Transient},
		"an I/O error":                        {server("58030"), Other, KindServer, Transient},
		"an internal error":                   {server("XX000"), Other, KindServer, Transient},
		"an exception of a trigger":           {server("P0001"), BadData, KindValidation, Suspect},
		"a code that a trigger has made up":   {raisedAs("LMS42"), BadData, KindValidation, Suspect},
		"a right that a trigger denies":       {raisedAs("42501"), BadData, KindValidation, Suspect},
		"a deadlock that a trigger asks for":  {raisedAs("40001"), Conflict, KindServer, Transient},
		"an exception in another language":    {&pgconn.PgError{Code: "38000", Where: "PL/Python function"}, BadData, KindValidation, Suspect},
		"a record of another tenant's":        {&pgconn.PgError{Code: "42501", Routine: "ExecWithCheckOptions"}, BadData, KindValidation, Suspect},
		"a view's check option":               {server("44000"), BadData, KindValidation, Data},
		"a right that a trigger lacks":        {&pgconn.PgError{Code: "42501", Where: "PL/pgSQL function", Routine: "aclcheck_error"}, NoPrivilege, KindServer, Hold},
		"a table that a trigger misses":       {&pgconn.PgError{Code: "42P01", Where: "PL/pgSQL function"}, Unsupported, KindServer, Hold},
		"a row that a trigger has dropped":    {server(stateNotWritten), NotWritten, KindValidation, Data},
		"the same code from a trigger":        {&pgconn.PgError{Code: stateNotWritten, Where: "PL/pgSQL function"}, BadData, KindValidation, Data},
		"a table that was altered meanwhile":  {&pgconn.PgError{Code: "0A000", Routine: "RevalidateCachedQuery"}, Conflict, KindServer, Transient},
		"something without a code":            {server(""), Other, KindServer, Hold},
		"another owner":                       {ErrNotOwner, Other, KindServer, Hold},
		"too much to read":                    {ErrTooManyRecords, Other, KindValidation, Hold},
		"anything else":                       {errors.New("surprise"), Other, KindServer, Hold},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{tt.err, named("applying", tt.err), errors.Join(errors.New("first"), tt.err)} {
				got := Classify(err)
				if got.Class != tt.class || got.Kind != tt.kind || got.Retry != tt.retry {
					t.Errorf("%v is %+v", err, got)
				}
				if !strings.HasSuffix(got.Message, ".") || strings.Contains(got.Message, "..") {
					t.Errorf("the message is no sentence: %q", got.Message)
				}
			}
		})
	}
	if got := Classify(nil); got != (Failure{}) {
		t.Errorf("no error is %+v", got)
	}
	if named("applying", nil) != nil {
		t.Error("no error got a name")
	}
}

func TestAFailureKeepsTheNamesThatHelpAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[0-9A-Z]{5}`).Draw(t, "code")
		err := &pgconn.PgError{
			Code: code, ConstraintName: "lesson_progress_pkey",
			Message: "SECRET", Detail: "Key (user_id)=(SECRET)", Hint: "SECRET", Where: "SECRET", InternalQuery: "SECRET",
			ColumnName: "SECRET", TableName: "SECRET",
		}
		f := Classify(named("applying batch 1", err))
		if f.SQLState != code || f.Constraint != "lesson_progress_pkey" || !strings.Contains(f.Message, code) {
			t.Errorf("got %+v", f)
		}
		if text := named("applying batch 1", err).Error(); strings.Contains(text+fmt.Sprint(f), "SECRET") {
			t.Errorf("it tells too much: %q, %+v", text, f)
		}
	})
}

// raisedAs is the error of a trigger's RAISE.
func raisedAs(code string) error {
	return &pgconn.PgError{Code: code, Routine: "exec_stmt_raise", Where: "PL/pgSQL function"}
}
