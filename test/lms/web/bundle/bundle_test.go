package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTheScriptsAreBuiltFromTheRepository(t *testing.T) {
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	old := filepath.Join(dir, chunk+"OLD.js")
	if err := os.WriteFile(old, []byte("//"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (builder{root: root, registry: registryURL(os.Getenv), npm: "npm"}).scripts(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		says  string
		react bool
	}{
		// These say things that only the package's own code does.
		"react.js":   {"Save progress now", true},
		"element.js": {`define("progress-sync-indicator"`, false},
		"course.js":  {"/course/progress", false},
		"session.js": {"sign-out", false},
		"try.js":     {"/try", false},
	} {
		loaded := load(t, dir, name)
		if !strings.Contains(loaded, want.says) {
			t.Errorf("%s lacks %s", name, want.says)
		}
		if got := strings.Contains(loaded, "react.element"); got != want.react {
			t.Errorf("%s has React: %t", name, got)
		}
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("a part of the build before is still there")
	}
}

// load returns a script with all that it imports.
func load(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, found := range regexp.MustCompile(`(?:from|import)"\./(chunk-\w+\.js)"`).FindAllStringSubmatch(text, -1) {
		text += load(t, dir, found[1])
	}
	return text
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var content bytes.Buffer
	zipped := gzip.NewWriter(&content)
	writer := tar.NewWriter(zipped)
	for name, text := range files {
		if err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}

func TestATarballIsFetchedOnceAndOnlyIfItIsThePinnedOne(t *testing.T) {
	t.Setenv("PROGRESS_SYNC_CACHE", t.TempDir())
	content := archive(t, map[string]string{"package/index.js": "good"})
	sum := sha512.Sum512(content)
	right := pin{name: "thing", version: "1.0.0", integrity: base64.StdEncoding.EncodeToString(sum[:])}
	requests := 0
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; r.URL.Path != "/thing/-/thing-1.0.0.tgz" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	defer registry.Close()
	b := builder{root: t.TempDir(), registry: registry.URL, npm: "no-such-npm"}

	wrong := right
	wrong.integrity = "another"
	if _, err := b.load(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "not the pinned") {
		t.Errorf("a wrong tarball: %v", err)
	}
	for range 2 {
		if got, err := b.load(t.Context(), right); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if requests != 2 {
		t.Errorf("%d requests", requests)
	}
	if err := os.WriteFile(filepath.Join(b.cache(), right.file()), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := b.load(t.Context(), right); err != nil || !bytes.Equal(got, content) {
		t.Errorf("a damaged cache: %d bytes, %v", len(got), err)
	}
}

func TestWithoutANetworkItSaysWhatIsMissingAndWhereToPutIt(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("PROGRESS_SYNC_CACHE", cache)
	registry := httptest.NewServer(http.NotFoundHandler())
	registry.Close()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	err = builder{root: root, registry: registry.URL, npm: "no-such-npm"}.scripts(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "put react-19.3.1.tgz into "+filepath.Join(cache, "web")) {
		t.Errorf("got %v", err)
	}
}

func TestATarballStaysInItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "inside")
	if err := unpack(archive(t, map[string]string{"package/a/b.js": "b", "package/../../outside.js": "no"}), dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a", "b.js")); err != nil || string(got) != "b" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "outside.js")); err == nil {
		t.Error("a file got out")
	}
}

func TestAMirrorOfTheRegistryIsUsed(t *testing.T) {
	mirror := func(key string) string {
		return map[string]string{"npm_config_registry": "https://mirror.example/npm/"}[key]
	}
	if got := registryURL(mirror); got != "https://mirror.example/npm" {
		t.Error(got)
	}
	if got := registryURL(func(string) string { return "" }); got != "https://registry.npmjs.org" {
		t.Error(got)
	}
}

func TestTheBundlerIsNotPartOfWhatIsReleased(t *testing.T) {
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/...")
	list.Dir = root
	packages, err := list.Output()
	if err != nil || !bytes.Contains(packages, []byte("sidecar/buffer")) {
		t.Fatalf("listing what the programs are made of: %v", err)
	}
	if bytes.Contains(packages, []byte("esbuild")) {
		t.Error("a released program has esbuild in it")
	}
}
