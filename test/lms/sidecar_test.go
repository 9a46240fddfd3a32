package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/lms/report"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const configuration = `{"sync": {"interval": "1s", "batchSize": 10, "flushOnComplete": true, "completionThresholdPercent": 95}}`

// sidecar is the real program in a process of its own.
type sidecar struct {
	program, dir, listen string
	client               *http.Client
	process              *exec.Cmd
}

func buildSidecar(t *testing.T, databaseURI string) *sidecar {
	t.Helper()
	s := &sidecar{dir: t.TempDir(), listen: freeAddress(t), client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.program = filepath.Join(s.dir, "sidecar")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, "../../cmd/sidecar")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the sidecar: %v\n%s", err, output)
	}
	for name, content := range map[string]string{"config.json": configuration, "uri": databaseURI} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func (s *sidecar) start(t *testing.T) {
	t.Helper()
	s.process = exec.Command(s.program, "run", "--config", filepath.Join(s.dir, "config.json"),
		"--database-uri-file", filepath.Join(s.dir, "uri"), "--spool", filepath.Join(s.dir, "spool"),
		"--listen", s.listen, "--status-listen", "127.0.0.1:0", "--termination-log", filepath.Join(s.dir, "termination-log"))
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.process.Stderr = t.Output()
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
}

func (s *sidecar) signal(t *testing.T, signal os.Signal) error {
	t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	return s.process.Wait()
}

func (s *sidecar) sync(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.listen+"/v1/sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("POST /v1/sync: %s\n%s", resp.Status, body)
	}
}

func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); !done(); {
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, ctx.Err())
		case <-tick.C:
		}
	}
}

func TestEveryAcknowledgedUpdateIsSavedOnceWhereverTheSidecarIsKilled(t *testing.T) {
	database := pgtest.Database(t)
	s := buildSidecar(t, database)
	s.start(t)

	account := truth.NewAccount()
	class := classroom.New(classroom.Options{
		Name: "pod", Recorder: inMemory{account}, Sender: report.NewClient("http://"+s.listen, s.client), Timeout: requestTimeout,
	})
	defer class.Stop()
	syllabus := player.Usual()
	syllabus.ShortestLesson, syllabus.LongestLesson = 200, 600
	pace := classroom.Pace{Syllabus: syllabus, Factor: 250}
	var states []player.State
	for i := range 30 {
		states = append(states, player.New(fmt.Sprintf("learner-%02d", i), uint64(i), syllabus))
	}
	if err := class.Start(t.Context(), pace, states...); err != nil {
		t.Fatal(err)
	}
	const kills = 6
	for range kills {
		before := class.Stats().Acknowledged
		waitUntil(t, "1200 more updates", func() bool { return class.Stats().Acknowledged >= before+1200 })
		_ = s.signal(t, syscall.SIGKILL)
		s.start(t)
	}
	before := class.Stats().Acknowledged
	waitUntil(t, "1200 more updates", func() bool { return class.Stats().Acknowledged >= before+1200 })
	class.Stop()
	s.sync(t)
	if err := s.signal(t, syscall.SIGTERM); err != nil {
		t.Errorf("the sidecar ended with %v", err)
	}

	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	rows, err := truth.ReadRows(t.Context(), conn, truth.OwnTable)
	if err != nil {
		t.Fatal(err)
	}
	result := account.Verify(rows, truth.Options{CompletionThresholdPercent: 95})
	t.Logf("%d keys, %d updates acknowledged, %d uncertain, stats %+v", result.Keys, result.Acknowledged, result.Uncertain, class.Stats())
	if err := result.Err(); err != nil {
		t.Error(err)
	}
	if _, err := conn.Exec(t.Context(), "UPDATE progress_sync.lesson_progress SET update_count = update_count + 1 WHERE user_id = 'learner-07'"); err != nil {
		t.Fatal(err)
	}
	rows, err = truth.ReadRows(t.Context(), conn, truth.OwnTable)
	if err != nil {
		t.Fatal(err)
	}
	if account.Verify(rows, truth.Options{CompletionThresholdPercent: 95}).Err() == nil {
		t.Error("a row that was tampered with was found to be right")
	}
}
