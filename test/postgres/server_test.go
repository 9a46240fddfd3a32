package pgtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func query(ctx context.Context, uri, sql string) (string, error) {
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var value string
	err = conn.QueryRow(ctx, sql).Scan(&value)
	return value, err
}

func TestAServerKeepsItsDataOverACrash(t *testing.T) {
	s := Private(t, Options{})
	ctx := t.Context()
	if err := s.Exec(ctx, Superuser, "CREATE TABLE kept AS SELECT 'still here' AS v"); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []StopMode{Immediate, Fast} {
		if err := s.Stop(mode); err != nil {
			t.Fatal(err)
		}
		if _, err := query(ctx, s.URI(Superuser, Superuser), "SELECT v FROM kept"); err == nil {
			t.Fatal("a stopped server answered")
		}
		if err := s.StartAgain(ctx); err != nil {
			t.Fatal(err)
		}
		if v, err := query(ctx, s.URI(Superuser, Superuser), "SELECT v FROM kept"); err != nil || v != "still here" {
			t.Fatalf("read %q, %v", v, err)
		}
	}
	dir := s.dir
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close the folder is still there: %v", err)
	}
}

func TestAServerRunsWithPostgresOwnDurability(t *testing.T) {
	s := Private(t, Options{})
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if v, err := query(t.Context(), s.URI(Superuser, Superuser), "SHOW "+setting); err != nil || v != "on" {
			t.Errorf("%s is %q, %v", setting, v, err)
		}
	}
}

func TestAFrozenServerDoesNotAnswerUntilItIsThawed(t *testing.T) {
	s := Private(t, Options{})
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, s.URI(Superuser, Superuser))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := conn.Exec(ctx, "SELECT 1")
		answered <- err
	}()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := query(short, s.URI(Superuser, Superuser), "SELECT 'x'"); err == nil {
		t.Error("a frozen server answered a new connection")
	}
	select {
	case err := <-answered:
		t.Errorf("a frozen server answered an open connection: %v", err)
	default:
	}
	s.Thaw()
	if err := <-answered; err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}

func TestWithAPasswordLoginsNeedIt(t *testing.T) {
	s := Private(t, Options{Password: "s3cret/@:", HBA: []string{"host all nobody 127.0.0.1/32 reject"}})
	ctx := t.Context()
	if v, err := query(ctx, s.URI(Superuser, Superuser), "SELECT 'in'"); err != nil || v != "in" {
		t.Errorf("with the password: %q, %v", v, err)
	}
	if err := s.CreateRole(ctx, "lms app", "first'"); err != nil {
		t.Fatal(err)
	}
	old := s.URI("lms app", Superuser)
	if err := s.CreateRole(ctx, "lms app", "second"); err != nil {
		t.Fatal(err)
	}
	if _, err := query(ctx, old, "SELECT 'in'"); err == nil {
		t.Error("the old password still opens")
	}
	if v, err := query(ctx, s.URI("lms app", Superuser), "SELECT current_user"); err != nil || v != "lms app" {
		t.Errorf("with the new password: %q, %v", v, err)
	}
	if err := s.CreateRole(ctx, "nobody", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := query(ctx, s.URI("nobody", Superuser), "SELECT 'in'"); err == nil {
		t.Error("a rejected role got in")
	}
}

func TestEveryDatabaseIsFresh(t *testing.T) {
	for range 2 {
		conn, err := pgx.Connect(t.Context(), Database(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE once (v text)"); err != nil {
			t.Error(err)
		}
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

func TestAMissingServerSaysWhatToInstall(t *testing.T) {
	_, err := newestFolder(t.TempDir(), func(string) (string, error) { return "", exec.ErrNotFound })
	if !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingBouncerSaysWhatToInstall(t *testing.T) {
	missing := func(string) (string, error) { return "", exec.ErrNotFound }
	debian := filepath.Join(t.TempDir(), "pgbouncer")
	if _, err := bouncerProgram(missing, debian); !errors.Is(err, ErrNoBouncer) || !strings.Contains(err.Error(), "apt-get install pgbouncer") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(debian, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := bouncerProgram(missing, debian); err != nil || got != debian {
		t.Errorf("got %s, %v, want %s", got, err, debian)
	}
	onPath := func(string) (string, error) { return "/opt/pgbouncer", nil }
	if got, err := bouncerProgram(onPath, debian); err != nil || got != "/opt/pgbouncer" {
		t.Errorf("got %s, %v, want the one on PATH", got, err)
	}
}

func TestTheNewestInstalledVersionIsUsed(t *testing.T) {
	root := t.TempDir()
	for _, program := range []string{"9/bin/initdb", "9/bin/postgres", "15/bin/initdb", "15/bin/postgres", "17/bin/psql"} {
		path := filepath.Join(root, program)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := newestFolder(root, exec.LookPath)
	if want := filepath.Join(root, "15", "bin"); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestAFailedStartShowsTheServersLog(t *testing.T) {
	_, err := Start(t.Context(), Options{Config: []string{"no_such_setting = 1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("got %v", err)
	}
}

func TestABouncerStandsBeforeTheServer(t *testing.T) {
	b, err := Shared(t).StartBouncer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	config, err := pgx.ParseConfig(b.URI(Superuser))
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var pid uint32
	if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if pid == conn.PgConn().PID() {
		t.Error("the client is connected to the server itself")
	}
}
