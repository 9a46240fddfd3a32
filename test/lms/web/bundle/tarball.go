package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tarball of the npm registry.
type pin struct {
	name, version string
	// integrity is the SHA-512 in base64, as in a package-lock.json.
	integrity string
}

func (p pin) String() string { return p.name + "@" + p.version }

func (p pin) file() string { return p.name + "-" + p.version + ".tgz" }

var pinned = []pin{
	{"react", "19.3.1", "QNhWdt7nrgVWWQG58QuGsAR3jv3Hbe4mb4vz7w2csnHavciZJgda1CPNaldF6eVxv90ud3jUXpKlHL69gO38yw=="},
	{"react-dom", "19.3.1", "Y0bARz53lhEC1NMCASs0/j+faB/zqt3R8hpvg1e8+61ZVJ4UL0UdC4cBbXfZMcIuhrfgeILTLe+ZeBCavQPtKQ=="},
	{"scheduler", "0.28.0", "juorfCmIkIw8tT+p5BXSm6PJjQF/ycEYmKyzURCIt/RaZIhL+PulbQ9Yu2z1HdOJDdqDTlxA1+xKBmHXJsczAw=="},
}

// registryURL is npm's own or the mirror that npm's environment variable names.
func registryURL(getenv func(string) string) string {
	for _, name := range []string{"NPM_CONFIG_REGISTRY", "npm_config_registry"} {
		if url := getenv(name); url != "" {
			return strings.TrimSuffix(url, "/")
		}
	}
	return "https://registry.npmjs.org"
}

func (b builder) cache() string {
	cache := os.Getenv("PROGRESS_SYNC_CACHE")
	if cache == "" {
		cache = filepath.Join(b.root, ".cache")
	}
	return filepath.Join(cache, "web")
}

// load returns a tarball that is what was pinned, from the cache if it is there.
func (b builder) load(ctx context.Context, p pin) ([]byte, error) {
	path := filepath.Join(b.cache(), p.file())
	content, err := os.ReadFile(path)
	if err == nil && p.check(content) == nil {
		return content, nil
	}
	if err := os.MkdirAll(b.cache(), 0o755); err != nil {
		return nil, fmt.Errorf("making the cache: %w", err)
	}
	content, err = b.fetch(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("fetching %s from the npm registry: %w\n"+
			"It is needed once for the sample LMS's pages. Without a network, put %s into %s", p, err, p.file(), b.cache())
	}
	if err := p.check(content); err != nil {
		return nil, err
	}
	// Somebody else may be doing the same.
	whole, err := os.CreateTemp(b.cache(), "incoming-")
	if err != nil {
		return nil, fmt.Errorf("keeping %s: %w", p, err)
	}
	defer os.Remove(whole.Name())
	_, err = whole.Write(content)
	if err := errors.Join(err, whole.Close()); err != nil {
		return nil, fmt.Errorf("keeping %s: %w", p, err)
	}
	if err := os.Rename(whole.Name(), path); err != nil {
		return nil, fmt.Errorf("keeping %s: %w", p, err)
	}
	return content, nil
}

func (p pin) check(content []byte) error {
	sum := sha512.Sum512(content)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != p.integrity {
		return fmt.Errorf("%s has the SHA-512 %s, not the pinned %s: it is not used", p, got, p.integrity)
	}
	return nil
}

// fetch lets npm do it where it is installed, since it knows the mirrors and
// proxies of the place.
func (b builder) fetch(ctx context.Context, p pin) ([]byte, error) {
	const patience = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if npm, err := exec.LookPath(b.npm); err == nil {
		return pack(ctx, npm, p)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.registry+"/"+p.name+"/-/"+p.file(), http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", req.URL, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

func pack(ctx context.Context, npm string, p pin) ([]byte, error) {
	dir, err := os.MkdirTemp("", "progress-sync-npm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	command := exec.CommandContext(ctx, npm, "pack", "--silent", "--pack-destination", dir, p.String())
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack: %w\n%s", err, bytes.TrimSpace(output))
	}
	return os.ReadFile(filepath.Join(dir, p.file()))
}

// unpack writes the files of an npm tarball, which are all in one folder there.
func unpack(tarball []byte, dir string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return err
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, name, ok := strings.Cut(header.Name, "/")
		if header.Typeflag != tar.TypeReg || !ok || !filepath.IsLocal(name) {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
}
