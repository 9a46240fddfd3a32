package images

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func newRegistry() http.Handler {
	return registry.New(registry.Logger(log.New(io.Discard, "", 0)))
}

// serve returns the registry's name.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	// Not this machine's credentials.
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("REGISTRY_AUTH_FILE", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func pushBuilder(t *testing.T) Builder {
	t.Helper()
	return Builder{Root: filepath.Join("..", "..", ".."), Dir: t.TempDir(), Out: io.Discard}
}

func TestEachArchitectureGetsItsOwnBinaryFromOneReference(t *testing.T) {
	at := serve(t, newRegistry())
	image := Pause()
	image.Args = []string{"run"}
	pushed, err := pushBuilder(t).Push(t.Context(), at+"/some/path/", []string{"amd64", "arm64"}, image)
	if err != nil {
		t.Fatal(err)
	}
	if len(pushed) != 1 || pushed[0].Repository != at+"/some/path/pause" || pushed[0].Tag != "1" {
		t.Fatalf("pushed %+v", pushed)
	}
	reference, err := name.ParseReference(pushed[0].Repository + ":" + pushed[0].Tag)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(reference)
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := index.Digest(); err != nil || digest.String() != pushed[0].Digest {
		t.Errorf("the registry has %s (%v), %s was told", digest, err, pushed[0].Digest)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 2 {
		t.Errorf("the index is of %d images", len(manifest.Manifests))
	}
	for architecture, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		pulled, err := remote.Image(reference, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: architecture}))
		if err != nil {
			t.Fatal(err)
		}
		file, err := pulled.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if file.OS != "linux" || file.Architecture != architecture {
			t.Errorf("the image for %s says %s/%s", architecture, file.OS, file.Architecture)
		}
		want := v1.Config{User: "65532:65532", Entrypoint: []string{"/pause"}, Cmd: []string{"run"}}
		if diff := cmp.Diff(want, file.Config); diff != "" {
			t.Errorf("image configuration (-want +got):\n%s", diff)
		}
		if got := onlyBinary(t, pulled, "pause"); got != machine {
			t.Errorf("the binary for %s is one for %s", architecture, got)
		}
	}
}

// onlyBinary is the processor that an image's only file is for.
func onlyBinary(t *testing.T, image v1.Image, want string) elf.Machine {
	t.Helper()
	content := mutate.Extract(image)
	defer content.Close()
	reader := tar.NewReader(content)
	header, err := reader.Next()
	if err != nil || header.Name != want || header.Mode != 0o755 {
		t.Fatalf("the first file is %+v, %v", header, err)
	}
	binary, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Next(); err != io.EOF {
		t.Errorf("there are more files: %v", err)
	}
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		t.Fatal(err)
	}
	return program.Machine
}

func TestTheSameIsPushedUnderTheSameDigest(t *testing.T) {
	at := serve(t, newRegistry())
	var digests []string
	for range 2 {
		pushed, err := pushBuilder(t).Push(t.Context(), at, []string{"amd64"}, Pause())
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, pushed[0].Digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("first %s, then %s", digests[0], digests[1])
	}
}

func TestCredentialsAreThoseOfTheUsualConfiguration(t *testing.T) {
	inner := newRegistry()
	at := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "lms" || password != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	push := func() error {
		_, err := pushBuilder(t).Push(t.Context(), at, []string{"amd64"}, Pause())
		return err
	}
	if err := push(); err == nil || !strings.Contains(err.Error(), "log in to it") {
		t.Errorf("without credentials: %v", err)
	}
	logIn := func(password string) {
		t.Helper()
		text := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, at, base64.StdEncoding.EncodeToString([]byte("lms:"+password)))
		if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	logIn("wrong")
	if err := push(); err == nil || !strings.Contains(err.Error(), "log in to it") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with wrong credentials: %v", err)
	}
	logIn("right")
	if err := push(); err != nil {
		t.Errorf("with credentials: %v", err)
	}
}

func TestWhereToPushIsReadAsAPersonWritesIt(t *testing.T) {
	for written, want := range map[string]string{
		"registry.example.com/lms":       "registry.example.com/lms/operator:0.1.0",
		"registry.example.com:5000/a/b/": "registry.example.com:5000/a/b/operator:0.1.0",
		"localhost:5000":                 "localhost:5000/operator:0.1.0",
		"":                               "no registry to push to: name it like registry.example.com/lms",
		"https://registry.example.com":   "without a scheme",
		"registry.example.com/LMS":       "name it like registry.example.com/lms",
	} {
		got, err := pushTarget(written, Operator("0.1.0"))
		if told := fmt.Sprint(got, err); !strings.Contains(told, want) || (err == nil) != strings.HasSuffix(want, ":0.1.0") {
			t.Errorf("%q: got %s, want %s", written, told, want)
		}
	}
}
