//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestTerminatingBackendsInMidTransactionAndRightAfterCommitDoublesNothing(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	wire := newWire(t, c.host, c.server.Port())
	c.storeSecret(wire.through(c.uri()))
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	c.learners(pod.Name, 20)
	kit.EventuallyWithin(t, patience, "the first rows are written", func() error {
		rows, err := c.rows(t.Context())
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("no rows yet")
		}
		return nil
	})

	const times = 4
	for range times {
		c.terminateInMidTransaction()
		c.acknowledged(pod.Name, 50)
	}
	// Postgres has committed, and its answer is never seen.
	for range times {
		before := wire.cutAnswer()
		kit.EventuallyWithin(t, patience, "an answer to a commit is cut off", func() error {
			if wire.cuts() == before {
				return fmt.Errorf("%d answers were cut off", before)
			}
			return nil
		})
	}
	c.stopAndSave(pod.Name)
	c.verify()
}

// terminateInMidTransaction lets a write of the sidecar begin, holds it up with
// locked rows, and terminates its backend.
func (c *campus) terminateInMidTransaction() {
	c.t.Helper()
	ctx := c.t.Context()
	holder, watcher := c.superuser(), c.superuser()
	lock, err := holder.Begin(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	// A write has moved the ledger already when it comes to a locked row.
	if _, err := lock.Exec(ctx, "SELECT FROM progress_sync.lesson_progress FOR UPDATE"); err != nil {
		c.t.Fatal(err)
	}
	kit.EventuallyWithin(c.t, patience, "a backend is terminated in mid-transaction", func() error {
		var terminated int
		err := watcher.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE usename = $1 AND wait_event_type = 'Lock' AND state = 'active'`, c.database).Scan(&terminated)
		if err != nil {
			return err
		}
		if terminated == 0 {
			return fmt.Errorf("no write waits for a row")
		}
		return nil
	})
	if err := lock.Rollback(ctx); err != nil {
		c.t.Fatal(err)
	}
}

// superuser is a connection to the campus's database until the test ends.
func (c *campus) superuser() *pgx.Conn {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.server.URI(pgtest.Superuser, c.database))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close(c.background()) })
	return conn
}
