package world

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/fault/wire"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// node is a place for a server: one of the two hosts that the sidecars know.
type node struct {
	name   string
	proxy  *wire.Proxy
	server *pgtest.Server // nil before the first
	built  int
}

const (
	role              = "progress"
	database          = "progress"
	superuserPassword = "superuser"
)

// settings leave out the waits for the machine's own disk: only processes are
// killed here, never the machine.
func settings() []string {
	return append(pgtest.Relaxed()[:2:2], // fsync and full pages
		"synchronous_commit = on", "shared_buffers = 32MB", "max_connections = 100",
		"deadlock_timeout = 50ms", "max_wal_size = 512MB", "wal_keep_size = 64MB")
}

func serverOptions(dir string) pgtest.Options {
	return pgtest.Options{Dir: dir, Password: superuserPassword, Config: settings()}
}

func (n *node) folder(w *World) string {
	n.built++
	return filepath.Join(w.options.Dir, fmt.Sprintf("postgres-%s-%d", n.name, n.built))
}

// Lead lets the sidecars reach this host's server, by way of another address
// if one is given.
func (n *node) lead(through string) {
	if through == "" {
		through = net.JoinHostPort("127.0.0.1", strconv.Itoa(n.server.Port()))
	}
	n.proxy.Lead(through)
}

func (n *node) close() error {
	err := n.proxy.Close()
	if n.server != nil {
		err = errors.Join(err, n.server.Close())
	}
	return err
}

func (w *World) startPrimary(ctx context.Context) error {
	n := w.nodes[w.primary]
	var err error
	if n.server, err = pgtest.Start(ctx, serverOptions(n.folder(w))); err != nil {
		return err
	}
	if err := n.server.CreateRole(ctx, role, w.password); err != nil {
		return err
	}
	if err := n.server.CreateDatabase(ctx, database, pgtest.Superuser); err != nil {
		return err
	}
	n.lead("")
	return nil
}

// Primary is the server that can write.
func (w *World) Primary() *pgtest.Server { return w.nodes[w.primary].server }

// Standby is the server that follows.
func (w *World) Standby() *pgtest.Server { return w.nodes[1-w.primary].server }

// Proxy stands between the sidecars and the primary.
func (w *World) Proxy() *wire.Proxy { return w.nodes[w.primary].proxy }

// Through leads the sidecars to the primary by way of a pooler at address, or
// straight again if it is empty, and cuts what is open.
func (w *World) Through(address string) {
	w.nodes[w.primary].lead(address)
	w.Proxy().Cut()
}

// Rebuild makes the host that is not the primary a replica of it, from a fresh
// copy. Whatever server was there is gone.
func (w *World) Rebuild(ctx context.Context) error {
	n := w.nodes[1-w.primary]
	if n.server != nil {
		if err := n.server.Close(); err != nil {
			return err
		}
		n.server = nil
	}
	old := filepath.Join(w.options.Dir, fmt.Sprintf("postgres-%s-%d", n.name, n.built))
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("removing an old server: %w", err)
	}
	dir := n.folder(w)
	if err := w.copyPrimary(ctx, dir); err != nil {
		return err
	}
	var err error
	if n.server, err = pgtest.Start(ctx, serverOptions(dir)); err != nil {
		return fmt.Errorf("starting a replica: %w", err)
	}
	n.lead("")
	return nil
}

// copyPrimary fills a folder with a replica's data, for the account that
// servers run as.
func (w *World) copyPrimary(ctx context.Context, dir string) error {
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("making a replica's folder: %w", err)
	}
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_basebackup")
	if err != nil || len(programs) == 0 {
		return errors.Join(err, pgtest.ErrNotInstalled)
	}
	command := exec.CommandContext(ctx, programs[len(programs)-1], "--pgdata="+data, "--write-recovery-conf",
		"--checkpoint=fast", "--wal-method=stream", "--no-sync", "--dbname="+w.Primary().URI(pgtest.Superuser, pgtest.Superuser))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("copying the primary: %w\n%s", err, output)
	}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return pgtest.Own(path)
	})
	if err != nil {
		return fmt.Errorf("handing a replica's files over: %w", err)
	}
	return nil
}

// Connect opens a connection to the primary as superuser, past the proxy.
func (w *World) Connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, w.Primary().URI(pgtest.Superuser, database))
	if err != nil {
		return nil, fmt.Errorf("connecting to the primary: %w", err)
	}
	return conn, nil
}

// Exec runs statements on the primary as superuser.
func (w *World) Exec(ctx context.Context, sql string) error {
	return w.Primary().Exec(ctx, database, sql)
}
