package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const (
	database = "campus"
	// userHeader is as in a policy for an LMS with a browser in front of it.
	userHeader = "X-Progress-User"
)

// sandbox is a sidecar and its Postgres, with all that they write in one folder.
type sandbox struct {
	dir      string
	postgres *pgtest.Server
	program  string // the sidecar's
	sidecar  *sidecar.Sidecar
	interval time.Duration
	// believe lets the sidecar take the learner from the body.
	believe bool
	lms     *lms
}

// open starts both. What it returns must be closed even after an error.
func open(ctx context.Context, interval time.Duration, believe bool) (*sandbox, error) {
	s := &sandbox{interval: interval, believe: believe}
	if interval < time.Second {
		return s, errors.New("the interval must be 1s or more")
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "progress-sync-try-"); err != nil {
		return s, fmt.Errorf("making a folder: %w", err)
	}
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"building the sidecar", s.build},
		{"starting Postgres", s.startPostgres},
		{"starting the sidecar", s.startSidecar},
		{"building and starting the sample LMS", s.startLMS},
	}
	for _, step := range steps {
		began := time.Now()
		fmt.Printf("%s … ", step.what)
		if err := step.do(ctx); err != nil {
			fmt.Println("failed")
			return s, fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Printf("%.1f s\n", time.Since(began).Seconds())
	}
	return s, nil
}

func (s *sandbox) build(ctx context.Context) (err error) {
	s.program, err = program.Build(ctx, "cmd/sidecar")
	return err
}

func (s *sandbox) startPostgres(ctx context.Context) (err error) {
	if s.postgres, err = pgtest.Start(ctx, pgtest.Options{}); err != nil {
		return err
	}
	return s.postgres.CreateDatabase(ctx, database, pgtest.Superuser)
}

func (s *sandbox) uri() string { return s.postgres.URI(pgtest.Superuser, database) }

func (s *sandbox) startSidecar(ctx context.Context) error {
	header := userHeader
	if s.believe {
		header = ""
	}
	api, err := usual(8787)
	if err != nil {
		return err
	}
	status, err := usual(9787)
	if err != nil {
		return err
	}
	s.sidecar, err = sidecar.New(sidecar.Options{
		Program: s.program, Dir: s.dir, URI: s.uri(), API: api, Status: status, Grace: 10 * time.Second,
		Configuration: fmt.Sprintf(`{"sync":{"interval":%q},"ingest":{"userHeader":%q}}`, s.interval, header),
	})
	if err != nil {
		return err
	}
	return s.sidecar.Start(ctx)
}

// usual is the address with the port that people know, or with a free one where
// that is taken.
func usual(known int) (string, error) {
	free, err := port.Usual(known)
	return fmt.Sprintf("127.0.0.1:%d", free), err
}

func (s *sandbox) instructions() string {
	note, header := `, as the LMS's proxy does it, which knows the learner (without the header the answer is 401,
and 403 where it names another learner than the rest of the request)`, "-H '"+userHeader+": ada' "
	if s.believe {
		note, header = " (the learner is whom the request names)", ""
	}
	return fmt.Sprintf(`
The sidecar writes each learner and lesson once every %[1]s.

%[5]s

In another terminal%[6]s:

  curl %[7]s-H 'Content-Type: application/json' http://%[2]s/v1/progress \
    -d '{"userId":"ada","courseId":"algebra","lessonId":"groups","currentTime":42,"duration":600,"watchedDelta":5}'
  curl %[7]s'http://%[2]s/v1/progress?userId=ada'
  curl -X POST http://%[2]s/v1/sync              # write now, of everybody
  psql '%[3]s' -xc 'TABLE progress_sync.lesson_progress'
  curl http://%[4]s/metrics

What the sidecar is doing: http://%[2]s/ui/

Ctrl-C ends it and removes everything.

`, s.interval, s.sidecar.API(), s.uri(), s.sidecar.Status(), s.lms.invitation(), note, header)
}

// close drains the sidecar, stops Postgres and removes the folder.
func (s *sandbox) close() error {
	var failures []error
	if s.lms != nil {
		// What waits is to be saved, though a learner has left an outage behind.
		failures = append(failures, s.lms.close(), s.turnDatabase(context.Background(), true))
	}
	if s.sidecar != nil {
		failures = append(failures, s.sidecar.Stop())
		if line, err := s.sidecar.LastWords(); err == nil {
			fmt.Println(line)
		}
		s.sidecar.Close()
	}
	if s.postgres != nil {
		failures = append(failures, s.postgres.Close())
	}
	if s.dir != "" {
		failures = append(failures, os.RemoveAll(s.dir))
	}
	return errors.Join(failures...)
}
