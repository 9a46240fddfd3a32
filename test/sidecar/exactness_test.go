package sidecar

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const fast = `{"sync":{"interval":"1s","batchSize":10},"retry":{"initialDelay":"100ms","maxDelay":"500ms"}}`

// saved makes the sidecar write all that it accepted.
func saved(t *testing.T, p *process) {
	t.Helper()
	kit.Eventually(t, "everything to be saved", func() error {
		code, answer := p.do(t, "POST", "/v1/sync", "")
		return kit.Unless(code == 200, answer)
	})
}

func TestKilledAgainAndAgainUnderLoad(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, uri, fast)
	p.start(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1000))
	l := startLoad(t, p, seed)
	for range 20 {
		// At a moment that has nothing to do with the load.
		l.awaitAcknowledged(t, 1+random.Int64N(400))
		p.Kill()
		p.start(t)
	}
	l.awaitAcknowledged(t, 1)
	l.finish(t)
	saved(t, p)
	l.verify(t, uri)
}

func TestTerminatedUnderLoadItDrainsAndSaysSo(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	// Nothing is due by itself, so that all is left to the drain.
	p := newProcess(t, uri, `{"sync":{"interval":"1h","flushOnComplete":false}}`)
	p.start(t)
	l := startLoad(t, p, rand.Uint64())
	l.awaitAcknowledged(t, 500)
	line := p.terminate(t)
	l.finish(t)
	var accepted int64
	if _, err := fmt.Sscanf(line, "drained: all %d updates accepted are saved in Postgres", &accepted); err != nil {
		t.Errorf("the termination log says %q", line)
	}
	if c := l.account.Counts(); accepted < c.Acknowledged || accepted > c.Acknowledged+c.Uncertain {
		t.Errorf("the termination log says %q, the account %+v", line, c)
	}
	l.verify(t, uri)
}

func TestTerminatedWithoutADatabaseItKeepsTheSpool(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcessWith(t, sidecar.Options{
		URI: "postgres://nobody@127.0.0.1:1/none?sslmode=disable", Configuration: fast, Grace: 3 * time.Second,
	})
	p.start(t)
	l := startLoad(t, p, rand.Uint64())
	l.awaitAcknowledged(t, 100)
	l.finish(t)
	line := p.terminate(t)
	want := fmt.Sprintf("%d records stay in the spool at %q: ", l.account.Counts().Keys, p.File("spool"))
	if !strings.HasPrefix(line, want) || len(line) == len(want) {
		t.Errorf("the termination log says %q, want %q and a reason", line, want)
	}
	p.setURI(t, uri)
	p.start(t)
	saved(t, p)
	l.verify(t, uri)
}

func TestPrestopFlushesEarly(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"sync":{"interval":"30s"}}`)
	p.start(t)
	p.post(t, `{"userId":"u","courseId":"c","lessonId":"l"}`)
	if output, err := run(t, "prestop", "--listen="+p.API()); err != nil {
		t.Fatal(err, output)
	}
	written := func(n int64) func(status.Document) bool {
		return func(d status.Document) bool { return d.Counters.RowsWritten == n }
	}
	p.await(t, "the early flush", written(1))
	p.post(t, `{"userId":"u","courseId":"c","lessonId":"l"}`)
	p.await(t, "what came after it", written(2))
	if line := p.terminate(t); line != "drained: all 2 updates accepted are saved in Postgres" {
		t.Errorf("the termination log says %q", line)
	}
}

func TestPostgresStopsAndComesBackUnderLoad(t *testing.T) {
	t.Parallel()
	server := pgtest.Private(t, pgtest.Options{Config: pgtest.Relaxed()})
	uri := server.URI(pgtest.Superuser, pgtest.Superuser)
	p := newProcess(t, uri, fast)
	p.start(t)
	l := startLoad(t, p, rand.Uint64())
	for _, mode := range []pgtest.StopMode{pgtest.Fast, pgtest.Immediate} {
		l.awaitAcknowledged(t, 100)
		if err := server.Stop(mode); err != nil {
			t.Fatal(err)
		}
		p.await(t, "the outage to show", func(d status.Document) bool {
			return d.Database.Reachable != nil && !*d.Database.Reachable && d.Sync.Error != nil && d.Sync.Error.Kind == "network"
		})
		l.awaitAcknowledged(t, 200) // writes go on
		if code, body := p.get(t, "/healthz"); code != 200 {
			t.Errorf("healthz answers %d %s while the database is away", code, body)
		}
		if err := server.StartAgain(context.Background()); err != nil {
			t.Fatal(err)
		}
		p.await(t, "the recovery to show", func(d status.Document) bool {
			return d.Database.Reachable != nil && *d.Database.Reachable && d.Sync.Error == nil
		})
	}
	l.finish(t)
	saved(t, p)
	l.verify(t, uri)
}

func TestBackendsAreTerminatedUnderLoad(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, uri, fast)
	p.start(t)
	l := startLoad(t, p, rand.Uint64())
	database := uri[strings.LastIndex(uri, "/")+1 : strings.Index(uri, "?")]
	for range 30 {
		l.awaitAcknowledged(t, 50)
		if err := pgtest.Shared(t).Exec(t.Context(), pgtest.Superuser, fmt.Sprintf(
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND application_name = 'progress-sync'", database)); err != nil {
			t.Fatal(err)
		}
	}
	l.finish(t)
	saved(t, p)
	l.verify(t, uri)
}

// A key that never rests is written once an interval.
func TestASteadyHeartbeatIsWrittenOnceAnInterval(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"sync":{"interval":"1s"}}`)
	p.start(t)
	began := time.Now()
	var d status.Document
	kit.Eventually(t, "the fourth write", func() error {
		p.post(t, `{"userId":"u","courseId":"c","lessonId":"l","watchedDelta":0.05}`)
		d = p.document(t)
		return kit.Unless(d.Counters.RowsWritten >= 4, d.Counters)
	})
	if most := int64(time.Since(began)/time.Second) + 1; d.Counters.RowsWritten > most {
		t.Errorf("%d rows written in %s, at an interval of 1s", d.Counters.RowsWritten, time.Since(began))
	}
}
