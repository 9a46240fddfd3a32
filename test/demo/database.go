package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/kit/wait"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// database is where the rows go.
type database struct {
	// here is its URI for this machine, inside the one for pods.
	here, inside string
	// log of the server, empty for one that was not started here.
	log string
}

const ownDatabase = "PROGRESS_SYNC_DATABASE_URI"

// runDir holds what the demo itself starts.
func runDir(o cluster.Options) string { return filepath.Join(o.Cache, "run", "demo") }

// postgresLink leads to the server's folder.
func postgresLink(o cluster.Options) string { return filepath.Join(runDir(o), "postgres") }

// makePostgresDir makes the server's folder. It is not in the cache: the server
// runs as another user, and a clone below /root is closed to all others.
func makePostgresDir(o cluster.Options) (string, error) {
	dir, err := os.MkdirTemp("", "progress-sync-demo-")
	if err != nil {
		return "", fmt.Errorf("making a folder for Postgres: %w", err)
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.MkdirAll(runDir(o), 0o755), os.Symlink(dir, postgresLink(o))); err != nil {
		return "", fmt.Errorf("making a folder for Postgres: %w", errors.Join(err, os.Remove(dir)))
	}
	return dir, nil
}

// startDatabase starts a new throwaway server that outlives this process, or
// takes the database that the environment names.
func startDatabase(ctx context.Context, c *cluster.Cluster) (*database, error) {
	if uri := os.Getenv(ownDatabase); uri != "" {
		return &database{here: uri, inside: uri}, nil
	}
	if err := removePostgres(ctx, c.Options); err != nil {
		return nil, err
	}
	host, err := c.HostAddress()
	if err != nil {
		return nil, err
	}
	dir, err := makePostgresDir(c.Options)
	if err != nil {
		return nil, err
	}
	server, err := pgtest.Start(ctx, pgtest.Options{
		Dir: dir, Listen: []string{host}, Outlive: true, Password: rand.Text(),
		HBA: []string{"host all all " + c.PodNetwork() + " scram-sha-256"},
	})
	if err != nil {
		return nil, err
	}
	const name = "lms"
	if err := server.CreateRole(ctx, name, rand.Text()); err != nil {
		return nil, err
	}
	if err := server.CreateDatabase(ctx, name, name); err != nil {
		return nil, err
	}
	return &database{
		here: server.URI(pgtest.Superuser, name), inside: server.URIOn(host, name, name), log: filepath.Join(dir, "server.log"),
	}, nil
}

// connect returns a connection for reading the rows.
func (d *database) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, d.here)
	if err != nil {
		return nil, fmt.Errorf("connecting to Postgres: %w", err)
	}
	return conn, nil
}

// checkEmpty refuses a database that holds someone's progress.
func (d *database) checkEmpty(ctx context.Context) error {
	conn, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('progress_sync.lesson_progress') IS NOT NULL").Scan(&exists); err != nil {
		return fmt.Errorf("looking at the database: %w", err)
	}
	if exists {
		return errors.New("the database has a table progress_sync.lesson_progress already; the demo needs an empty one")
	}
	return nil
}

// removePostgres ends the server of an earlier demo and removes its files.
func removePostgres(ctx context.Context, o cluster.Options) error {
	link := postgresLink(o)
	dir, err := os.Readlink(link)
	if err != nil { // nothing, or no link
		dir = link
	}
	data := filepath.Join(dir, "data")
	if pid, ok := postmaster(data); ok {
		// A server that ended meanwhile is what is wanted.
		if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping the Postgres of an earlier demo: %w", err)
		}
		const patience = 20 * time.Second
		// Also at the end of a demo that was interrupted.
		err := wait.Until(context.WithoutCancel(ctx), patience, "the Postgres of an earlier demo stops", func(context.Context) error {
			pid, alive := postmaster(data)
			return wait.Unless(!alive, fmt.Sprintf("process %d", pid))
		})
		if err != nil {
			return err
		}
	}
	if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(link)); err != nil {
		return fmt.Errorf("removing the Postgres of an earlier demo: %w", err)
	}
	return nil
}

// postmaster is the process that serves the data directory. A pid file alone
// says little: the number may be someone else's by now.
func postmaster(data string) (int, bool) {
	file, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, false
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return pid, err == nil && bytes.Contains(line, []byte(data))
}
