package postgres

import (
	"sync"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestThroughPgBouncerInTransactionMode lets several sidecars share two server
// connections, so that a session's state would meet another client.
func TestThroughPgBouncerInTransactionMode(t *testing.T) {
	direct := pgtest.Database(t)
	conn := pgtest.Connect(t, direct)
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	bouncer, err := pgtest.Shared(t).StartBouncer(t.Context(), "default_pool_size = 2", "server_idle_timeout = 1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bouncer.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, mode := range []config.ExecMode{config.ExecModeExec, config.ExecModeCacheDescribe} {
		t.Run(string(mode), func(t *testing.T) {
			const sidecars, batches = 4, 10
			var wg sync.WaitGroup
			for range sidecars {
				d := open(t, Options{URI: fixed(bouncer.URI(name)), ExecMode: mode})
				w := claim(t, d)
				wg.Go(func() {
					for range batches {
						round := []progress.Batch{w.next(watched(1)), w.next(watched(2))}
						round[1].Number++
						results, err := d.ApplyRound(t.Context(), w.id, w.owner, w.last, round)
						if err != nil || len(results) != 2 || results[0].Outcome != Applied || results[1].Outcome != Applied {
							t.Errorf("%+v, %v", results, err)
						}
						w.last += 2
						if got, err := d.readAll(t.Context(), Filter(key(1))); err != nil || len(got) != 1 {
							t.Errorf("read %d records of what was written, %v", len(got), err)
						}
					}
				})
			}
			wg.Wait()
			d := open(t, Options{URI: fixed(direct)})
			for n := 1; n <= 2; n++ {
				if got := read(t, d, key(n)); got.UpdateCount != sidecars*batches || got.SeekEvents != sidecars*batches {
					t.Errorf("key %d: %d updates, %d seeks", n, got.UpdateCount, got.SeekEvents)
				}
			}
			// A timeout that stayed on a server connection would be seen here.
			through := pgtest.Connect(t, bouncer.URI(name)+"&default_query_exec_mode=simple_protocol")
			for range 4 {
				var timeout, waits string
				if err := through.QueryRow(t.Context(), `SELECT current_setting('statement_timeout'),
					(SELECT setting = reset_val FROM pg_settings WHERE name = 'synchronous_commit')::text`).Scan(&timeout, &waits); err != nil ||
					timeout != "0" || waits != "true" {
					t.Errorf("the next client finds statement_timeout %q, synchronous_commit as it was: %s, %v", timeout, waits, err)
				}
			}
			pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress")
		})
	}
}

// TestPreparedStatementsThroughPgBouncerWorkOrSayWhatToDo holds the advice that is given.
// Debian's 1.18 is such a one; a newer one prepares for its clients.
func TestPreparedStatementsThroughPgBouncerWorkOrSayWhatToDo(t *testing.T) {
	direct := pgtest.Database(t)
	conn := pgtest.Connect(t, direct)
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	bouncer, err := pgtest.Shared(t).StartBouncer(t.Context(), "default_pool_size = 1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bouncer.Close(); err != nil {
			t.Error(err)
		}
	})
	writers := []*writer{}
	for range 2 {
		d := open(t, Options{URI: fixed(bouncer.URI(name)), ExecMode: config.ExecModeExec})
		writers = append(writers, claim(t, d))
		d.SetOptions(Options{ExecMode: config.ExecModeCacheStatement})
	}
	written := int64(0)
	for range 3 {
		for _, w := range writers {
			r, err := w.try(t.Context(), w.next(watched(1)))
			if err == nil && r.Outcome == Applied {
				written++
			} else if f := Classify(err); f.SQLState != "26000" && f.SQLState != "42P05" || f.Class != Other {
				t.Errorf("%v, %v, %+v", r.Outcome, err, f)
			}
		}
	}
	d := open(t, Options{URI: fixed(direct)})
	records, err := d.readAll(t.Context(), Filter(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	var total progress.Record
	for _, r := range records {
		total = r
	}
	if total.UpdateCount != written {
		t.Errorf("%d updates are saved, %d were said to be", total.UpdateCount, written)
	}
}
