package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

func (s *stack) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, s.uri())
	if err != nil {
		return nil, fmt.Errorf("connecting to Postgres: %w", err)
	}
	return conn, nil
}

// rows of a learner, by lesson, in the columns' names.
func (s *stack) rows(ctx context.Context, user string) (rows json.RawMessage, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, `SELECT coalesce(json_agg(p ORDER BY course_id, lesson_id), '[]')
		FROM progress_sync.lesson_progress p WHERE user_id = $1`, user).Scan(&rows)
	if err != nil {
		return nil, fmt.Errorf("reading the rows: %w", err)
	}
	return rows, nil
}

// query returns the rows of a query, each an object.
func (s *stack) query(ctx context.Context, sql string) (rows json.RawMessage, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := conn.QueryRow(ctx, "SELECT coalesce(json_agg(q), '[]') FROM ("+sql+") AS q").Scan(&rows); err != nil {
		return nil, fmt.Errorf("running a query: %w", err)
	}
	return rows, nil
}

// exec runs statements of a test.
func (s *stack) exec(ctx context.Context, sql string) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("running a test's statements: %w", err)
	}
	return nil
}

// lock holds a learner's rows, so that a write of them waits.
func (s *stack) lock(ctx context.Context, user string) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	var rows int
	if _, err = conn.Exec(ctx, "BEGIN"); err == nil {
		err = conn.QueryRow(ctx, `WITH held AS (SELECT 1 FROM progress_sync.lesson_progress WHERE user_id = $1 FOR UPDATE)
			SELECT count(*) FROM held`, user).Scan(&rows)
	}
	if err == nil && rows == 0 {
		err = fmt.Errorf("there are no rows to lock")
	}
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // the first error says more
		return fmt.Errorf("locking rows: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locks[user] = conn
	return nil
}

// unlock lets them go.
func (s *stack) unlock(ctx context.Context, user string) error {
	s.mu.Lock()
	conn := s.locks[user]
	delete(s.locks, user)
	s.mu.Unlock()
	if conn == nil {
		return nil
	}
	if err := conn.Close(ctx); err != nil {
		return fmt.Errorf("unlocking rows: %w", err)
	}
	return nil
}

// waiting is how many statements wait for a lock.
func (s *stack) waiting(ctx context.Context) (count int, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("asking what waits for a lock: %w", err)
	}
	return count, nil
}
