package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/progress-sync/progress-sync/test/cluster"
)

//go:embed manifests
var manifests embed.FS

// values of the manifests.
type values struct {
	Interval, DatabaseURI, Image, TruthURL, SessionKey string
	WebPort                                            int
}

func render(name string, v values) ([]byte, error) {
	parsed, err := template.ParseFS(manifests, "manifests/"+name)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest %s: %w", name, err)
	}
	var content bytes.Buffer
	if err := parsed.Execute(&content, v); err != nil {
		return nil, fmt.Errorf("filling in the manifest %s: %w", name, err)
	}
	return content.Bytes(), nil
}

// apply keeps the manifest in the demo's folder, where a person can read it,
// and applies it from there.
func apply(ctx context.Context, c *cluster.Cluster, name string, v values) error {
	content, err := render(name, v)
	if err != nil {
		return err
	}
	path := filepath.Join(runDir(c.Options), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing the manifest %s: %w", name, err)
	}
	if _, err := c.Kubectl(ctx, "apply", "--filename", path); err != nil {
		return fmt.Errorf("applying %s: %w", path, err)
	}
	return nil
}
