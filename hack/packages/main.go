// Command packages makes sure that the Debian packages are there that the
// project's commands need: packages [race] [postgres] [bouncer] [disks]
// [cluster] [browser] [film] [node] [integrations] [fresh].
//
// As root it installs what is missing; otherwise it prints the line that does.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/test/cluster/debian"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, purposes []string) error {
	needs := map[string][]debian.Package{
		// The race detector is linked by the C compiler.
		"race": {
			{Name: "gcc", Files: []string{"/usr/bin/gcc", "/usr/local/bin/gcc"}},
			{Name: "libc6-dev", Files: []string{"/usr/include/stdlib.h"}},
		},
		"postgres": {debian.Postgres()},
		"bouncer":  {debian.Bouncer()},
		"cluster":  debian.ForCluster(),
		"browser":  debian.Browser(),
		"disks":    debian.Disks(),
		"film":     {debian.Film()},
		"node":     debian.Node(),

		"integrations": debian.Integrations(),
		"fresh":        debian.Fresh(),
	}
	var packages []debian.Package
	for _, purpose := range purposes {
		wanted, known := needs[purpose]
		if !known {
			return fmt.Errorf("unknown purpose %q: one of %s", purpose, strings.Join(slices.Sorted(maps.Keys(needs)), ", "))
		}
		packages = append(packages, wanted...)
	}
	return debian.Ensure(ctx, os.Stdout, packages)
}
