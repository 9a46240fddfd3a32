package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Session is a connection or a transaction.
type Session interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// Connect is a connection that ends with the test.
func Connect(tb testing.TB, uri string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), uri)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		// The test's own context has ended by then.
		if err := conn.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return conn
}

// Execute runs statements that must succeed; with arguments, a single one.
func Execute(tb testing.TB, s Session, sql string, arguments ...any) {
	tb.Helper()
	if _, err := s.Exec(tb.Context(), sql, arguments...); err != nil {
		tb.Fatal(err)
	}
}

// Value is the only column of the only row that a query returns.
func Value[T any](tb testing.TB, s Session, sql string, arguments ...any) (value T) {
	tb.Helper()
	if err := s.QueryRow(tb.Context(), sql, arguments...).Scan(&value); err != nil {
		tb.Fatal(err)
	}
	return value
}
