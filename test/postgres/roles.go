package pgtest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Exec runs a statement as superuser in the given database.
func (s *Server) Exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, s.URI(Superuser, database))
	if err != nil {
		return fmt.Errorf("connecting to the test server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("running %q: %w", sql, err)
	}
	return nil
}

// CreateRole creates a role that may log in, or gives an existing one a new
// password, which URI uses from then on.
func (s *Server) CreateRole(ctx context.Context, name, password string) error {
	conn, err := pgx.Connect(ctx, s.URI(Superuser, Superuser))
	if err != nil {
		return fmt.Errorf("connecting to the test server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name).Scan(&exists); err != nil {
		return fmt.Errorf("looking for role %s: %w", name, err)
	}
	verb := "CREATE"
	if exists {
		verb = "ALTER"
	}
	var statement string
	err = conn.QueryRow(ctx, "SELECT format($1 || ' ROLE %I LOGIN PASSWORD %L', $2::text, $3::text)",
		verb, name, password).Scan(&statement)
	if err == nil {
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		return fmt.Errorf("creating role %s: %w", name, err)
	}
	s.mu.Lock()
	s.passwords[name] = password
	s.mu.Unlock()
	return nil
}

// CreateDatabase creates a database that the given role owns.
func (s *Server) CreateDatabase(ctx context.Context, name, owner string) error {
	return s.Exec(ctx, Superuser, fmt.Sprintf("CREATE DATABASE %s OWNER %s",
		pgx.Identifier{name}.Sanitize(), pgx.Identifier{owner}.Sanitize()))
}
