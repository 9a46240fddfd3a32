package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// Replica is a hot standby that follows a primary asynchronously, until it is
// promoted.
type Replica struct {
	*Server
	primary  *Server
	conninfo string // where to follow from, while held back
}

// Replica makes a copy of a running server that follows it, on a port and in a
// folder of its own, with the server's options otherwise. Close it before the
// server or after.
func (s *Server) Replica(ctx context.Context) (*Replica, error) {
	options := s.options
	options.Dir, options.Port = "", 0
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, fmt.Errorf("creating a folder for a replica: %w", err)
	}
	s.mu.Lock()
	passwords := maps.Clone(s.passwords)
	s.mu.Unlock()
	r := &Replica{primary: s, Server: &Server{
		options: options, binaries: s.binaries, account: s.account, dir: dir, removeDir: true, passwords: passwords,
	}}
	if err := r.copy(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if err := r.StartAgain(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Replica) copy(ctx context.Context) error {
	if err := r.account.own(r.dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(r.binaries, "pg_basebackup"),
		"--dbname="+r.primary.URI(Superuser, Superuser), "--pgdata="+r.dataDir(),
		"--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync")
	cmd.Dir, cmd.Env = r.dir, serverEnvironment()
	cmd.SysProcAttr = r.account.attributes(false)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("copying the primary: %w\n%s", err, output)
	}
	return nil
}

// CaughtUp waits until the replica has all that the primary has now.
func (r *Replica) CaughtUp(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.primary.URI(Superuser, Superuser))
	if err != nil {
		return fmt.Errorf("connecting to the primary: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var position string
	if err := conn.QueryRow(ctx, "SELECT pg_current_wal_insert_lsn()::text").Scan(&position); err != nil {
		return fmt.Errorf("asking the primary how far it is: %w", err)
	}
	return r.until(ctx, "pg_last_wal_replay_lsn() >= $1::pg_lsn", position)
}

// StopFollowing stops the replica from receiving, as a broken network does: what
// the primary commits from now on is not on it.
func (r *Replica) StopFollowing(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.URI(Superuser, Superuser))
	if err != nil {
		return fmt.Errorf("connecting to the replica: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var conninfo string
	if err := conn.QueryRow(ctx, "SHOW primary_conninfo").Scan(&conninfo); err != nil {
		return fmt.Errorf("asking the replica whom it follows: %w", err)
	}
	if conninfo != "" {
		r.conninfo = conninfo
	}
	if err := follow(ctx, conn, ""); err != nil {
		return err
	}
	return r.until(ctx, "NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
}

// LetFollow ends StopFollowing.
func (r *Replica) LetFollow(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.URI(Superuser, Superuser))
	if err != nil {
		return fmt.Errorf("connecting to the replica: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if r.conninfo == "" {
		return nil
	}
	return follow(ctx, conn, r.conninfo)
}

func follow(ctx context.Context, conn *pgx.Conn, conninfo string) error {
	var statement string
	err := conn.QueryRow(ctx, "SELECT format('ALTER SYSTEM SET primary_conninfo = %L', $1::text)", conninfo).Scan(&statement)
	if err == nil {
		_, err = conn.Exec(ctx, statement)
	}
	if err == nil {
		_, err = conn.Exec(ctx, "SELECT pg_reload_conf()")
	}
	if err != nil {
		return fmt.Errorf("changing whom the replica follows: %w", err)
	}
	return nil
}

// Promote makes the replica a primary, with what it has received so far, and
// returns when it takes writes. Stop the old primary first.
func (r *Replica) Promote(ctx context.Context) error {
	if err := r.Exec(ctx, Superuser, "SELECT pg_promote(true, 60)"); err != nil {
		return fmt.Errorf("promoting the replica: %w", err)
	}
	return r.until(ctx, "NOT pg_is_in_recovery()")
}

// until waits for a condition on the replica.
func (r *Replica) until(ctx context.Context, condition string, arguments ...any) error {
	conn, err := pgx.Connect(ctx, r.URI(Superuser, Superuser))
	if err != nil {
		return fmt.Errorf("connecting to the replica: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return wait.Until(ctx, startPatience, condition, func(ctx context.Context) error {
		var yes bool
		if err := conn.QueryRow(ctx, "SELECT "+condition, arguments...).Scan(&yes); err != nil {
			return wait.Permanent(err)
		}
		return wait.Unless(yes, "false")
	})
}
