package config_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watch starts Watch and returns a function that waits for its next call.
func watch(t *testing.T, files ...string) (next func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	calls := make(chan struct{}, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		config.Watch(ctx, config.Watched{Files: files, Changed: func() { calls <- struct{}{} }})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	next = func() {
		t.Helper()
		select {
		case <-calls:
		case <-time.After(10 * time.Second):
			t.Fatal("Watch did not notice the change")
		}
	}
	next() // the call at the start
	return next
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mount writes a version of a volume as kubelet does: a new directory, and a
// symbolic link to it that is replaced by a rename.
func mount(t *testing.T, dir, version, name, content string) {
	t.Helper()
	write(t, filepath.Join(dir, version, name), content)
	temporary := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(version, temporary); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

func TestWatchFollowsAMountedVolume(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "..1", "config.json", "{}")
	next := watch(t, filepath.Join(dir, "config.json"))
	mount(t, dir, "..2", "config.json", `{"a":1}`)
	next()
	mount(t, dir, "..3", "config.json", `{"a":2}`)
	next()
}

func TestWatchSeesADirectoryThatAppearsLater(t *testing.T) {
	file := filepath.Join(t.TempDir(), "etc", "database", "uri")
	next := watch(t, file)
	write(t, file, "one")
	next()
	write(t, file, "two")
	next()
}

func TestWatchSeesAFileGoAndComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "database")
	file := filepath.Join(dir, "uri")
	write(t, file, "one")
	next := watch(t, file)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	next()
	write(t, file, "one")
	next()
}

func TestWatchSeesAnyOfSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	uri, ca := filepath.Join(dir, "uri"), filepath.Join(dir, "ca.crt")
	write(t, uri, "one")
	next := watch(t, uri, ca)
	write(t, ca, "certificate")
	next()
}

func TestWatchTellsSetsApart(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one", "f"), filepath.Join(dir, "two", "f")
	calls := make(chan string, 10)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		config.Watch(ctx,
			config.Watched{Files: []string{one}, Changed: func() { calls <- "one" }},
			config.Watched{Files: []string{two}, Changed: func() { calls <- "two" }})
	}()
	defer func() { cancel(); <-done }()
	if a, b := <-calls, <-calls; a != "one" || b != "two" {
		t.Fatalf("at the start: %s, %s", a, b)
	}
	for _, step := range []struct{ file, want string }{{two, "two"}, {one, "one"}} {
		write(t, step.file, "x")
		if got := <-calls; got != step.want {
			t.Errorf("%s changed, %s was called", step.want, got)
		}
	}
}
