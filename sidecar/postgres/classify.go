package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Classify says what an error of this package means and what to do about it.
// For nil it returns the zero Failure.
func Classify(err error) Failure {
	if err == nil {
		return Failure{}
	}
	if setup, ok := errors.AsType[*setupError](err); ok {
		return setup.failure
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyServer(server)
	}
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return Classify(secretInvalid(err))
	}
	if errors.Is(err, ErrNotOwner) {
		return Failure{Class: Other, Kind: KindServer, Retry: Hold,
			Message: "The ledger row is missing or belongs to a newer process of the same spool."}
	}
	if errors.Is(err, ErrTooManyRecords) {
		return Failure{Class: Other, Kind: KindValidation, Retry: Hold,
			Message: fmt.Sprintf("The learner has %v.", ErrTooManyRecords)}
	}
	if message, ok := networkMessage(err); ok {
		return message
	}
	return Failure{Class: Other, Kind: KindServer, Retry: Hold,
		Message: "Writing to Postgres failed in a way that the sidecar does not know."}
}

// networkMessage handles what never got an answer of the server.
func networkMessage(err error) (Failure, bool) {
	f := Failure{Class: Unreachable, Kind: KindNetwork, Retry: Transient}
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		network     net.Error
		connect     *pgconn.ConnectError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		f.Retry = Hold
		f.Message = "The TLS certificate of Postgres is not trusted, or is for another host name. Put its CA into the Secret as " +
			"ca.crt and sslrootcert=/etc/progress-sync/database/ca.crt into the URI, and use the host name that the certificate is for."
	case errors.Is(err, pgconn.ErrStandbyConnection), errors.Is(err, pgconn.ErrReadOnlyConnection):
		f.Class, f.Kind = ReadOnly, KindServer
		f.Message = "No host in the URI is a primary that takes writes. It will be tried again; if no failover is under way, " +
			"check the hosts in the Secret."
	case errors.As(err, &dns):
		f.Message = "The host name of Postgres is not known to DNS. Check the host in the Secret and that its Service is there."
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Message = "Nothing listens at the address of Postgres (connection refused). Check that Postgres runs and that host and " +
			"port in the Secret are right."
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err), errors.As(err, &network) && network.Timeout():
		f.Message = "Postgres did not answer in time. Check that it runs, is not overloaded, and that a NetworkPolicy lets the " +
			"pod reach it."
	case errors.Is(err, context.Canceled):
		f.Message = "The attempt was called off before Postgres had answered."
	case errors.As(err, &connect):
		f.Message = "Connecting to Postgres failed. Check host, port and sslmode in the Secret, and that Postgres runs."
	case isConnectionLoss(err):
		f.Message = "The connection to Postgres broke. It will be made again."
	default:
		return Failure{}, false
	}
	return f, true
}

// leavesDoubt reports whether a connection should not be used again after err:
// it leads to a server that can't be written to, or what was prepared on it is
// lost or follows a rule that may be dropped meanwhile, which the server does not
// notice. Connections that broke close by themselves.
func leavesDoubt(err error) bool {
	switch f := Classify(err); f.Class {
	case ReadOnly, ShuttingDown, Other:
		return true
	case NotWritten, Unsupported:
		return f.Retry == Hold
	default:
		return false
	}
}
