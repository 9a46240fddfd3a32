package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/bench/viewing"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// stage has what all sidecars of a run share.
type stage struct {
	dir, program string
	server       *pgtest.Server
	started      time.Time
}

func begin(ctx context.Context) (*stage, error) {
	s := &stage{}
	var err error
	if s.program, err = program.Build(ctx, "cmd/sidecar"); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "progress-sync-sessions-"); err != nil {
		return nil, fmt.Errorf("making a folder for the run: %w", err)
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // the server's account passes through
		return nil, s.end(err)
	}
	if s.server, err = pgtest.Start(ctx, pgtest.Options{Dir: filepath.Join(s.dir, "postgres")}); err != nil {
		return nil, s.end(err)
	}
	s.started = time.Now()
	return s, nil
}

// end removes what begin made. It returns why the run failed, and what failed besides.
func (s *stage) end(err error) error {
	if s.server != nil {
		err = errors.Join(err, s.server.Close())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// journal notes each write of a row, when it is seen by others at the earliest.
const journal = `
CREATE TABLE writes (at timestamptz NOT NULL, user_id text NOT NULL, lesson_id text NOT NULL, position double precision NOT NULL);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.writes VALUES (clock_timestamp(), NEW.user_id, NEW.lesson_id, NEW.position_seconds);
	RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON progress_sync.lesson_progress FOR EACH ROW EXECUTE FUNCTION note();`

// play sends the sessions to a sidecar of their own, in real time, and returns what
// became of them when all is written without being asked for.
func (s *stage) play(ctx context.Context, name, sync string, sessions []viewing.Session) (p played, err error) {
	if err := s.server.CreateDatabase(ctx, name, pgtest.Superuser); err != nil {
		return p, err
	}
	uri := s.server.URI(pgtest.Superuser, name)
	one, err := sidecar.New(sidecar.Options{
		Program: s.program, Dir: filepath.Join(s.dir, name), URI: uri, Configuration: `{"sync":` + sync + `,"buffer":{"maxPendingRecords":100000}}`,
	})
	if err != nil {
		return p, err
	}
	defer one.Close()
	if err := one.Start(ctx); err != nil {
		return p, err
	}
	defer one.Kill()
	// The table is there when the first row is.
	if err := one.Post(ctx, "/v1/progress", `{"userId":"first","courseId":"course","lessonId":"lesson"}`); err != nil {
		return p, err
	}
	if err := one.Sync(ctx); err != nil {
		return p, err
	}
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return p, fmt.Errorf("reading what is written: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, journal); err != nil {
		return p, fmt.Errorf("noting what is written: %w", err)
	}
	p.sent, err = send(ctx, one, sessions)
	if err != nil {
		return p, err
	}
	if err := drained(ctx, one); err != nil {
		return p, err
	}
	p.writes, err = read(ctx, conn)
	return p, err
}
