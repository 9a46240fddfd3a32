package world

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
	return until(ctx, "the replica to stop following", func() (bool, error) {
		var gone bool
		err := conn.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)").Scan(&gone)
		return gone, err
	})
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
	return until(ctx, "the replica to catch up", func() (bool, error) {
		var there bool
		err := standby.QueryRow(ctx, "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position).Scan(&there)
		return there, err
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

// until polls a condition.
func until(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		ok, err := holds()
		if ok && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, errorsOr(err, ctx.Err()))
		case <-poll.C:
		}
	}
}

func errorsOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
