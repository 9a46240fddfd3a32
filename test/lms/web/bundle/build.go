package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/progress-sync/progress-sync/test/lms/web/film"
)

// Build writes the scripts and the film of the LMS's pages into dir, which it
// makes. It runs in the repository, in whichever folder.
func Build(ctx context.Context, dir string) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	b := builder{root: root, registry: registryURL(os.Getenv), npm: "npm"}
	if err := b.scripts(ctx, dir); err != nil {
		return err
	}
	content, err := film.Get(ctx, b.cache())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "film.webm"), content, 0o644); err != nil {
		return fmt.Errorf("writing the film: %w", err)
	}
	return nil
}

type builder struct {
	// root of the repository.
	root string
	// registry is where tarballs come from if there is no npm.
	registry, npm string
}

// scripts builds one for each kind of page and what all of them do.
func (b builder) scripts(ctx context.Context, dir string) error {
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
		EntryPoints: []string{
			filepath.Join(app, "react.tsx"), filepath.Join(app, "element.ts"),
			filepath.Join(app, "course.ts"), filepath.Join(app, "session.ts"), filepath.Join(app, "try.ts"),
		},
		Outdir: dir, Write: true, AbsWorkingDir: b.root,
		// Scripts of one page share their modules, and what is imported late is loaded late.
		Bundle: true, Splitting: true, ChunkNames: chunk + "[hash]",
		Format: api.FormatESModule, Platform: api.PlatformBrowser, Target: api.ES2022,
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
	return removeOld(dir, result.OutputFiles)
}

// chunk is what the names of shared parts begin with.
const chunk = "chunk-"

// removeOld removes the shared parts of builds before.
func removeOld(dir string, built []api.OutputFile) error {
	found, err := filepath.Glob(filepath.Join(dir, chunk+"*.js"))
	if err != nil {
		return fmt.Errorf("looking for what was built before: %w", err)
	}
	for _, path := range found {
		name := filepath.Base(path)
		if slices.ContainsFunc(built, func(f api.OutputFile) bool { return filepath.Base(f.Path) == name }) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing what was built before: %w", err)
		}
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
