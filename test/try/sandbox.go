package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const (
	database = "campus"
	// userHeader is as in a policy for an LMS with a browser in front of it.
	userHeader = "X-Progress-User"
)

// sandbox is a sidecar and its Postgres, with all that they write in one folder.
type sandbox struct {
	dir         string
	postgres    *pgtest.Server
	sidecar     *exec.Cmd
	ended       chan error
	api, status string // addresses
	interval    time.Duration
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

func (s *sandbox) file(name string) string { return filepath.Join(s.dir, name) }

// cached is a file that stays for the next time.
func cached(name string) string {
	cache := os.Getenv("PROGRESS_SYNC_CACHE")
	if cache == "" {
		cache = ".cache"
	}
	return filepath.Join(cache, "try", name)
}

func program() string { return cached("sidecar") }

func (s *sandbox) build(ctx context.Context) error {
	command := exec.CommandContext(ctx, "go", "build", "-o", program(), "./cmd/sidecar")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

func (s *sandbox) startPostgres(ctx context.Context) (err error) {
	if s.postgres, err = pgtest.Start(ctx, pgtest.Options{}); err != nil {
		return err
	}
	return s.postgres.CreateDatabase(ctx, database, pgtest.Superuser)
}

func (s *sandbox) uri() string { return s.postgres.URI(pgtest.Superuser, database) }

func (s *sandbox) startSidecar(ctx context.Context) error {
	if err := os.WriteFile(s.file("uri"), []byte(s.uri()), 0o600); err != nil {
		return err
	}
	header := userHeader
	if s.believe {
		header = ""
	}
	configuration := fmt.Sprintf(`{"sync":{"interval":%q},"ingest":{"userHeader":%q}}`, s.interval, header)
	if err := os.WriteFile(s.file("config.json"), []byte(configuration), 0o600); err != nil {
		return err
	}
	log, err := os.Create(s.file("sidecar.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.api, s.status = address(8787), address(9787)
	s.sidecar = exec.Command(program(), "run",
		"--config="+s.file("config.json"), "--database-uri-file="+s.file("uri"), "--spool="+s.file("spool"),
		"--listen="+s.api, "--status-listen="+s.status, "--termination-log="+s.file("termination-log"), "--grace-period=10s")
	s.sidecar.Stderr = log
	// Ctrl-C is for this program, which then ends the sidecar in its way.
	s.sidecar.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := s.sidecar.Start(); err != nil {
		return err
	}
	s.ended = make(chan error, 1)
	go func() { s.ended <- s.sidecar.Wait() }()
	return s.awaitReady(ctx)
}

// address is the usual port, or a free one where that is taken.
func address(port int) string {
	for _, p := range []int{port, 0} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err == nil {
			free := l.Addr().String()
			_ = l.Close() // nobody has connected
			return free
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (s *sandbox) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.status+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close() // the status is all that counts
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("it ended: %w\n%s", err, s.log())
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w\n%s", ctx.Err(), s.log())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *sandbox) log() string {
	content, err := os.ReadFile(s.file("sidecar.log"))
	if err != nil {
		return err.Error()
	}
	return string(content)
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

`, s.interval, s.api, s.uri(), s.status, s.lms.invitation(), note, header)
}

// close drains the sidecar, stops Postgres and removes the folder.
func (s *sandbox) close() error {
	var failures []error
	if s.lms != nil {
		// What waits is to be saved, though a learner has left an outage behind.
		failures = append(failures, s.lms.close(), s.turnDatabase(context.Background(), true))
	}
	if s.sidecar != nil && s.sidecar.Process != nil {
		if err := s.sidecar.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			failures = append(failures, err)
		}
		if err := <-s.ended; err != nil {
			failures = append(failures, fmt.Errorf("the sidecar: %w\n%s", err, s.log()))
		}
		if line, err := os.ReadFile(s.file("termination-log")); err == nil {
			fmt.Println(strings.TrimSpace(string(line)))
		}
	}
	if s.postgres != nil {
		failures = append(failures, s.postgres.Close())
	}
	if s.dir != "" {
		failures = append(failures, os.RemoveAll(s.dir))
	}
	return errors.Join(failures...)
}
