//go:build integrations

package integrations

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/lms/web"
)

// app is a framework's.
type app struct {
	// folder of the app, and the example that it uses.
	folder, example string
	// needs are programs, check is a command that must succeed.
	needs    []string
	check    []string
	packages string
	// prepare runs once, run serves on $PORT.
	prepare, run []string
	// streams says that events are handed on.
	streams bool
}

var apps = map[string]app{
	"Express": {
		folder: "node", example: "node/progress.mjs", needs: []string{"node", "npm"}, packages: "nodejs npm (20 or newer), and the npm registry once",
		prepare: []string{"npm", "ci", "--silent", "--no-audit", "--no-fund"}, run: []string{"node", "app.mjs"}, streams: true,
	},
	"Django": {
		folder: "django", example: "django/progress.py", needs: []string{"/usr/bin/python3"}, packages: "python3-django",
		check: []string{"/usr/bin/python3", "-c", "import django"}, run: []string{"/usr/bin/python3", "app.py"},
	},
	"Rails": {
		folder: "rails", example: "rails/progress_controller.rb", needs: []string{"ruby"}, packages: "ruby ruby-rails puma",
		check: []string{"ruby", "-e", "require 'logger'; require 'rails'; require 'rack/handler/puma'"}, run: []string{"ruby", "app.rb"},
	},
	"PHP": {
		folder: "php", example: "php/progress.php", needs: []string{"php"}, packages: "php-cli",
		run: []string{"php", "-S", "{address}", "app.php"},
	},
}

// startApp copies app and example into a folder and starts it there.
func startApp(t *testing.T, a app, sidecar string) string {
	t.Helper()
	for _, program := range a.needs {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: apt-get install --no-install-recommends %s", program, a.packages)
		}
	}
	if a.check != nil {
		if output, err := exec.CommandContext(t.Context(), a.check[0], a.check[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("the framework is missing: apt-get install --no-install-recommends %s\n%s", a.packages, output)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("apps", a.folder))); err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", "examples", filepath.FromSlash(a.example)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(a.example)), example, 0o600); err != nil {
		t.Fatal(err)
	}
	if a.prepare != nil {
		prepare := exec.CommandContext(t.Context(), a.prepare[0], a.prepare[1:]...)
		prepare.Dir = dir
		if output, err := prepare.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", a.prepare, err, output)
		}
	}
	address := kit.FreeAddress(t)
	args := append([]string{}, a.run...)
	for i := range args {
		if args[i] == "{address}" {
			args[i] = address
		}
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	service := &program.Service{
		Command: func() *exec.Cmd {
			command := exec.Command(args[0], args[1:]...)
			command.Dir = dir
			command.Env = append(os.Environ(), "PORT="+port, "PROGRESS_SYNC_URL="+sidecar, "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1",
				"NODE_ENV=production", "RAILS_ENV=production", "PHP_CLI_SERVER_WORKERS=4")
			return command
		},
		Log:   filepath.Join(t.TempDir(), "log"),
		Ready: program.Answers("http://" + address + "/progress/v1/sync"),
	}
	t.Cleanup(func() {
		service.Kill()
		if t.Failed() {
			t.Log("the app's log:\n" + program.Tail(service.Log))
		}
	})
	if err := service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}

// sampleLMS is the example in Go.
func sampleLMS(t *testing.T, sidecar string) http.Handler {
	t.Helper()
	address, err := url.Parse(sidecar)
	if err != nil {
		t.Fatal(err)
	}
	lms, err := web.New(web.Options{Sidecar: address, Assets: fstest.MapFS{"element.js": {}, "film.webm": {}}})
	if err != nil {
		t.Fatal(err)
	}
	return lms
}
