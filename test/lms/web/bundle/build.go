package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"
)

// Build writes react.js and element.js into dir, which it makes. It runs in the repository, in whichever folder.
func Build(ctx context.Context, dir string) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	return builder{root: root, registry: registryURL(os.Getenv), npm: "npm"}.build(ctx, dir)
}

type builder struct {
	// root of the repository.
	root string
	// registry is where tarballs come from if there is no npm.
	registry, npm string
}

func (b builder) build(ctx context.Context, dir string) error {
	modules, err := os.MkdirTemp("", "progress-sync-web-")
	if err != nil {
		return fmt.Errorf("making a folder for React: %w", err)
	}
	defer os.RemoveAll(modules)
	// esbuild tells of files by where they really are.
	if modules, err = filepath.EvalSymlinks(modules); err != nil {
		return fmt.Errorf("looking at the folder for React: %w", err)
	}
	client := filepath.Join(b.root, "sidecar", "web", "client", "src")
	alias := map[string]string{
		"@progress-sync/client":         filepath.Join(client, "index.ts"),
		"@progress-sync/client/react":   filepath.Join(client, "react.tsx"),
		"@progress-sync/client/element": filepath.Join(client, "element.ts"),
	}
	for _, p := range pinned {
		tarball, err := b.load(ctx, p)
		if err != nil {
			return err
		}
		alias[p.name] = filepath.Join(modules, p.name)
		if err := unpack(tarball, alias[p.name]); err != nil {
			return fmt.Errorf("unpacking %s: %w", p, err)
		}
	}
	app := filepath.Join(b.root, "test", "lms", "web", "app")
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(app, "react.tsx"), filepath.Join(app, "element.ts")},
		Outdir:      dir, Write: true, AbsWorkingDir: b.root,
		Bundle: true, Format: api.FormatESModule, Platform: api.PlatformBrowser, Target: api.ES2022,
		JSX: api.JSXAutomatic, Alias: alias, TsconfigRaw: "{}",
		Define:           map[string]string{"process.env.NODE_ENV": `"production"`},
		MinifyWhitespace: true, MinifySyntax: true, MinifyIdentifiers: true,
		// The browser package says which files of dist/ do something by being imported,
		// and these are those of src/.
		IgnoreAnnotations: true,
		LegalComments:     api.LegalCommentsInline, LogLevel: api.LogLevelSilent,
	})
	if wrong := slices.Concat(result.Errors, result.Warnings); len(wrong) > 0 {
		messages := api.FormatMessages(wrong, api.FormatMessagesOptions{})
		failures := make([]error, 0, len(messages))
		for _, message := range messages {
			failures = append(failures, errors.New(message))
		}
		return fmt.Errorf("bundling the LMS's pages: %w", errors.Join(failures...))
	}
	return nil
}

// findRoot looks for the repository from the working directory upwards.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "sidecar", "web", "client", "src")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the LMS's pages are built from the repository: run this inside of it")
		}
		dir = parent
	}
}
