//go:build e2e

package readme

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/images"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// What the tests run on; TestMain makes it before them.
var (
	shared *cluster.Cluster
	server *pgtest.Server
)

// role is the database's owner, and the database's name.
const role = "readme"

// loading is set where this program stands in for kind.
const loading = "PROGRESS_SYNC_README_LOADS"

func TestMain(m *testing.M) {
	run := func() (int, error) { return runAll(context.Background(), m) }
	if os.Getenv(loading) != "" {
		run = func() (int, error) { return 0, load(context.Background(), os.Args[1]) }
	}
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(ctx context.Context, m *testing.M) (code int, err error) {
	o, err := cluster.FromEnvironment(os.Stdout)
	if err != nil {
		return 1, err
	}
	if shared, err = cluster.Up(ctx, o); err != nil {
		return 1, err
	}
	if shared.Started() {
		defer func() { err = errors.Join(err, cluster.Down(ctx, o)) }()
	}
	if err := makeRoom(ctx); err != nil {
		return 1, err
	}
	if err := makeReady(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return m.Run(), nil
}

// makeRoom refuses to take the operator from policies that others have. What the
// other tests of a cluster leave in it is removed: an operator without policies.
func makeRoom(ctx context.Context) error {
	const definition = "progresssyncpolicies.progresssync.dev"
	known, err := shared.Kubectl(ctx, "get", "crd", definition, "--ignore-not-found", "--output=name")
	if err != nil || known == "" {
		return err
	}
	policies, err := shared.Kubectl(ctx, "get", "psync", "--all-namespaces", "--output=name")
	if err != nil {
		return err
	}
	if policies != "" || shared.External() {
		return errors.New("an operator is installed in this cluster already, and this test installs one as a reader does: " +
			"end the demo with make demo-down, or use a cluster without one")
	}
	releases, err := shared.Helm(ctx, "list", "--all-namespaces", "--filter", "^progress-sync$", "--no-headers")
	if err != nil {
		return err
	}
	for line := range strings.Lines(releases) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if _, err := shared.Helm(ctx, "uninstall", fields[0], "--namespace", fields[1], "--wait"); err != nil {
			return err
		}
	}
	_, err = shared.Kubectl(ctx, "delete", "crd", definition)
	return err
}

// makeReady starts a database that pods can reach, and loads the image of the pod
// that stands for an LMS.
func makeReady(ctx context.Context) error {
	host, err := shared.HostAddress()
	if err != nil {
		return err
	}
	pause, err := images.Builder{Root: shared.Root, Dir: shared.Images(), Out: os.Stdout}.Build(ctx, images.Pause())
	if err != nil {
		return err
	}
	if err := shared.Load(ctx, pause...); err != nil {
		return err
	}
	server, err = pgtest.Start(ctx, pgtest.Options{
		Listen: []string{host}, HBA: []string{"host all all " + shared.PodNetwork() + " scram-sha-256"},
	})
	if err != nil {
		return err
	}
	err = server.CreateRole(ctx, role, "right")
	if err == nil {
		err = server.CreateDatabase(ctx, role, role)
	}
	if err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// load is what kind does with an archive.
func load(ctx context.Context, tarball string) error {
	o, err := cluster.FromEnvironment(os.Stdout)
	if err != nil {
		return err
	}
	running, err := cluster.Running(ctx, o)
	if err != nil {
		return err
	}
	return running.Load(ctx, images.Built{Ref: tarball, Tarball: tarball, ID: tarball})
}
