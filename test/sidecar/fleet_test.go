package sidecar

import (
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// newMember makes a sidecar that listens for others at an address, and starts
// nothing.
func newMember(t *testing.T, uri, configuration string) (p *process, peers string) {
	t.Helper()
	free, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return newMemberAt(t, uri, configuration, free), net.JoinHostPort("127.0.0.1", strconv.Itoa(free))
}

// newMemberAt is newMember with the port for others.
func newMemberAt(t *testing.T, uri, configuration string, peers int) *process {
	t.Helper()
	return newProcessWith(t, sidecar.Options{URI: uri, Configuration: configuration, Env: []string{
		config.PodIPVariable + "=127.0.0.1", config.PeersPortVariable + "=" + strconv.Itoa(peers),
	}})
}

// newFleet starts sidecars of one database that know each other.
func newFleet(t *testing.T, uri, configuration string, size int) []*process {
	t.Helper()
	fleet := make([]*process, size)
	var starting errgroup.Group
	for i := range fleet {
		fleet[i], _ = newMember(t, uri, configuration)
		starting.Go(func() error { return fleet[i].Start(t.Context()) })
	}
	if err := starting.Wait(); err != nil {
		t.Fatal(err)
	}
	acquainted(t, fleet, size)
	return fleet
}

// acquainted waits until each of the sidecars knows so many that may be homes.
func acquainted(t *testing.T, fleet []*process, candidates int) {
	t.Helper()
	for _, p := range fleet {
		p.await(t, "all sidecars to know each other", func(d status.Document) bool {
			return d.Peers != nil && d.Peers.Candidates == candidates
		})
	}
}

// allSaved makes a fleet write all that it accepted. What waits for its home on one
// sidecar may come to another only while that is asked for.
func allSaved(t *testing.T, fleet []*process) {
	t.Helper()
	for range 2 {
		for _, p := range fleet {
			saved(t, p)
		}
	}
}

// service is what learners' requests reach: any of the sidecars that are in it.
type service struct{ members atomic.Pointer[[]*process] }

func serviceOf(fleet []*process) *service {
	s := &service{}
	s.set(fleet)
	return s
}

func (s *service) set(fleet []*process) {
	members := slices.Clone(fleet)
	s.members.Store(&members)
}

func (s *service) processes() []*process { return *s.members.Load() }

// startRepeating reports progress to any sidecar of a service, each update with an
// event id and until it is acknowledged.
func startRepeating(t *testing.T, s *service, seed uint64) *load {
	t.Helper()
	return (&load{processes: s.processes, repeats: true}).start(t, seed)
}

// registered is what the only sidecar in the registry says that it writes.
func registered(t *testing.T, uri string) (target string) {
	t.Helper()
	conn := pgtest.Connect(t, uri)
	kit.Eventually(t, "the sidecar to be registered", func() error {
		return conn.QueryRow(t.Context(), "SELECT DISTINCT target FROM progress_sync.sidecars").Scan(&target)
	})
	return target
}
