package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/bench/load"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// acquaintance is how long sidecars that start together may take until each knows all.
const acquaintance = time.Minute

// fleet are the sidecars of the pods of one LMS.
type fleet struct {
	pods []*product
	// uri of their database, by which figures are read.
	uri string
}

// startFleet runs so many sidecars of a build on a fresh database, and waits until they
// know each other, if they have peers. stop ends them, whatever the error.
func (s *suite) startFleet(ctx context.Context, b build, name string, size int, set settings) (f *fleet, stop func(), err error) {
	uri, err := s.database(ctx, name)
	if err != nil {
		return nil, func() {}, err
	}
	return s.startFleetOn(ctx, b, name, uri, uri, size, set)
}

// startFleetOn is startFleet on a database that there is. given is the URI by which the
// sidecars reach it.
func (s *suite) startFleetOn(ctx context.Context, b build, name, uri, given string, size int, set settings) (f *fleet, stop func(), err error) {
	f = &fleet{pods: make([]*product, size), uri: uri}
	stop = func() {
		for _, p := range f.pods {
			if p != nil && p.Process != nil {
				p.Kill()
			}
		}
	}
	start := func(i int) (err error) {
		if f.pods[i], err = s.startSidecar(ctx, b, fmt.Sprintf("%s_%d", name, i), given, set); err != nil {
			return err
		}
		return f.pods[i].sync(ctx) // which makes the schema, if it is the first
	}
	if err := start(0); err != nil {
		return f, stop, err
	}
	var group errgroup.Group
	for i := 1; i < size; i++ {
		group.Go(func() error { return start(i) })
	}
	if err := group.Wait(); err != nil {
		return f, stop, err
	}
	if set.peers != config.PeersAuto {
		return f, stop, nil
	}
	return f, stop, f.getAcquainted(ctx)
}

func (f *fleet) getAcquainted(ctx context.Context) error {
	return wait.Until(ctx, acquaintance, "all sidecars know each other", func(ctx context.Context) error {
		for _, p := range f.pods {
			var d status.Document
			if err := p.sidecar.Document(ctx, &d); err != nil {
				return err
			}
			if d.Peers == nil || d.Peers.Candidates != len(f.pods) {
				return fmt.Errorf("one knows %+v, and there are %d", d.Peers, len(f.pods))
			}
		}
		return nil
	})
}

func (f *fleet) addresses() []string {
	var all []string
	for _, p := range f.pods {
		all = append(all, p.Address)
	}
	return all
}

// homes returns which pod is the home of each learner of a load.
func (f *fleet) homes(ctx context.Context, learners int) (of func(learner int) int, err error) {
	conn, err := pgx.Connect(ctx, f.uri)
	if err != nil {
		return nil, fmt.Errorf("connecting to read the registry: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	// A failed query shows in CollectRows.
	rows, _ := conn.Query(ctx, "SELECT writer_id, port FROM progress_sync.sidecars")
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (members.Member, error) {
		var writer [16]byte
		var port int32
		err := row.Scan(&writer, &port)
		return members.Member{Writer: uuid.UUID(writer), Address: netip.AddrPortFrom(netip.Addr{}, uint16(port))}, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the registry: %w", err)
	}
	if len(all) != len(f.pods) {
		return nil, fmt.Errorf("the registry has %d sidecars of %d", len(all), len(f.pods))
	}
	byPort := make(map[int]int, len(f.pods))
	for i, p := range f.pods {
		byPort[p.peers] = i
	}
	set := members.New(all[0], all[1:])
	home := make([]int, learners)
	for i := range home {
		member, _ := set.Home(load.LearnerID(i))
		home[i] = byPort[int(member.Address.Port())]
	}
	return func(learner int) int { return home[learner] }, nil
}

// hopCounts are the updates that the pods have handed on, and those that they could not.
type hopCounts struct{ handedOn, kept int64 }

func (f *fleet) hopCounts(ctx context.Context) (p hopCounts, err error) {
	for _, pod := range f.pods {
		var d status.Document
		if err := pod.sidecar.Document(ctx, &d); err != nil {
			return p, err
		}
		p.handedOn += d.Peers.HandedOn
		for _, n := range d.Peers.KeptLocally {
			p.kept += n
		}
	}
	return p, nil
}

// cpu is the time that all have used, user and system.
func (f *fleet) cpu() (sum time.Duration, err error) {
	for _, p := range f.pods {
		used, err := p.CPU()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// save has all write what they have accepted. What waits for its home on one may come
// to another only while that is asked.
func (f *fleet) save(ctx context.Context) error {
	for range 2 {
		for _, p := range f.pods {
			if err := p.sync(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
