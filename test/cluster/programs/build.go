package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/kit/project"
)

// Builder builds programs into a folder.
type Builder struct {
	// Tools is the folder with one module for each tool.
	Tools string
	// Bin receives the executables.
	Bin string
	// Out gets a line for each program.
	Out io.Writer

	lines sync.Mutex
}

// Build makes the named programs where they are missing or were built from
// other pins. Only one Build works on a folder at a time, across processes.
func (b *Builder) Build(ctx context.Context, names ...string) error {
	programs, err := pick(names)
	if err != nil {
		return err
	}
	unlock, err := project.Lock(filepath.Join(b.Bin, ".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	toolchain, err := output(ctx, "", "go", "version")
	if err != nil {
		return err
	}

	// The programs of one tool share most of their packages, so they follow
	// each other, and the tools run side by side: one links on one core while
	// another compiles on the rest.
	chains := map[string][]Program{}
	var tools []string
	for _, p := range programs {
		tool := p.Tool
		if tool != "kubernetes" {
			tool = "others"
		}
		if chains[tool] == nil {
			tools = append(tools, tool)
		}
		chains[tool] = append(chains[tool], p)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, tool := range tools {
		group.Go(func() error {
			for _, p := range chains[tool] {
				if err := b.build(ctx, p, toolchain); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (b *Builder) build(ctx context.Context, p Program, toolchain string) error {
	dir := filepath.Join(b.Tools, p.Tool)
	gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return fmt.Errorf("finding the version of %s: %w", p.Name, err)
	}
	version, err := requiredVersion(gomod, p.Module)
	if err != nil {
		return fmt.Errorf("finding the version of %s in %s: %w", p.Name, dir, err)
	}
	want, err := fingerprint(dir, p, version, toolchain)
	if err != nil {
		return err
	}
	target := filepath.Join(b.Bin, p.Name)
	stamp := filepath.Join(b.Bin, ".built", p.Name)
	have, err := os.ReadFile(stamp)
	if _, missing := os.Stat(target); err == nil && missing == nil && string(have) == want {
		b.say("%-24s %-9s cached", p.Name, version)
		return nil
	}

	b.say("%-24s %-9s building", p.Name, version)
	start := time.Now()
	fresh := target + ".new"
	if _, err := output(ctx, dir, "go", "build", "-trimpath", "-ldflags", p.linkerFlags(version), "-o", fresh, p.Package); err != nil {
		return fmt.Errorf("building %s %s: %w", p.Name, version, err)
	}
	if err := os.MkdirAll(filepath.Dir(stamp), 0o755); err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	if err := errors.Join(os.Rename(fresh, target), os.WriteFile(stamp, []byte(want), 0o644)); err != nil {
		return fmt.Errorf("keeping %s: %w", p.Name, err)
	}
	b.say("%-24s %-9s built in %s", p.Name, version, time.Since(start).Round(time.Second))
	return nil
}

func (b *Builder) say(format string, args ...any) {
	b.lines.Lock()
	defer b.lines.Unlock()
	fmt.Fprintf(b.Out, format+"\n", args...)
}

func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// The tools are modules of their own; a workspace must not change them.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
