package film

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// Seconds that the film lasts.
	Seconds = 120

	perSecond = 12
	width     = 640
	height    = 360
)

// sources are what the film is drawn and encoded by.
//
//go:embed *.go
var sources embed.FS

// Get returns the film. It is in the folder, where these sources have made it
// before; otherwise that takes some seconds and vpxenc of the Debian package vpx-tools.
func Get(ctx context.Context, folder string) ([]byte, error) {
	name, err := fileName(sources)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, name)
	if content, err := os.ReadFile(path); err == nil {
		return content, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the film: %w", err)
	}
	// Somebody else may be doing the same, and may be ended in the middle of it.
	making, err := os.MkdirTemp(folder, "film-")
	if err != nil {
		return nil, fmt.Errorf("making the film: %w", err)
	}
	defer os.RemoveAll(making)
	incoming := filepath.Join(making, name)
	if err := encode(ctx, encoder, incoming); err != nil {
		return nil, fmt.Errorf("making the film: %w", err)
	}
	content, err := os.ReadFile(incoming)
	if err == nil && len(content) == 0 {
		err = errors.New("it is empty")
	}
	if err == nil {
		err = os.Rename(incoming, path)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the film: %w", err)
	}
	return content, nil
}

// fileName changes when anything in the sources does, but for their tests.
func fileName(from fs.FS) (string, error) {
	names, err := fs.Glob(from, "*.go")
	if err != nil {
		return "", fmt.Errorf("looking for the film's sources: %w", err)
	}
	sum := sha256.New()
	for _, name := range names {
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return "", fmt.Errorf("reading the film's sources: %w", err)
		}
		if !bytes.HasSuffix([]byte(name), []byte("_test.go")) {
			fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		}
	}
	const enough = 16
	return "film-" + hex.EncodeToString(sum.Sum(nil))[:enough] + ".webm", nil
}
