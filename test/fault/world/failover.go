package world

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/kit/wait"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// Detach stops the replica from following, so that it lags from now on. It
// holds all that was committed before.
func (w *World) Detach(ctx context.Context) error {
	if err := w.awaitStandby(ctx); err != nil {
		return err
	}
	conn, err := w.standbyConn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range []string{"ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("detaching the replica: %w", err)
		}
	}
	w.mu.Lock()
	w.losses++
	w.mu.Unlock()
	return awaitTrue(ctx, conn, "the replica stops following", "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
}

// AwaitStandby returns when the replica has what the primary has now, as soon as both
// run.
func (w *World) AwaitStandby(ctx context.Context) error {
	return wait.Until(ctx, patience, "the replica has everything", w.awaitStandby)
}

// awaitStandby waits until the replica has what the primary has now.
func (w *World) awaitStandby(ctx context.Context) error {
	primary, err := w.Connect(ctx)
	if err != nil {
		return err
	}
	defer primary.Close(context.WithoutCancel(ctx))
	var position string
	if err := primary.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text").Scan(&position); err != nil {
		return fmt.Errorf("asking the primary for its position: %w", err)
	}
	standby, err := w.standbyConn(ctx)
	if err != nil {
		return err
	}
	defer standby.Close(context.WithoutCancel(ctx))
	return awaitTrue(ctx, standby, "the replica catches up", "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position)
}

// awaitTrue waits for a query to return true.
func awaitTrue(ctx context.Context, conn *pgx.Conn, what, query string, arguments ...any) error {
	return wait.Until(ctx, patience, what, func(ctx context.Context) error {
		var yes bool
		if err := conn.QueryRow(ctx, query, arguments...).Scan(&yes); err != nil {
			return err
		}
		return wait.Unless(yes, "false")
	})
}

func (w *World) standbyConn(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, w.Standby().URI(pgtest.Superuser, database))
	if err != nil {
		return nil, fmt.Errorf("connecting to the replica: %w", err)
	}
	return conn, nil
}

// Promote stops the primary and makes the replica the primary. The other host
// is down until Rebuild.
func (w *World) Promote(ctx context.Context, mode pgtest.StopMode) error {
	if err := w.Primary().Stop(mode); err != nil {
		return err
	}
	conn, err := w.standbyConn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var promoted bool
	if err := conn.QueryRow(ctx, "SELECT pg_promote(true, 60)").Scan(&promoted); err != nil || !promoted {
		return fmt.Errorf("promoting the replica: %t, %w", promoted, err)
	}
	w.primary = 1 - w.primary
	// A password that was changed while the replica lagged is not known to it.
	return w.Primary().CreateRole(ctx, role, w.password)
}
