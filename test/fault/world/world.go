package world

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/url"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/fault/receiver"
	"github.com/progress-sync/progress-sync/test/fault/wire"
	"github.com/progress-sync/progress-sync/test/truth"
)

// Options of a world.
type Options struct {
	// Binary is the sidecar's program, and OtherVersion one that speaks another version
	// of the protocol between sidecars.
	Binary, OtherVersion string
	// Dir holds everything; it must be empty.
	Dir string
	// Trace is told what is done to whom.
	Trace *log.Logger
}

// World is the whole of what is tested. Its methods are for one fault at a
// time, but those of Sidecar, which may be called at any time.
type World struct {
	Sidecars []*Sidecar
	// Network is between the sidecars that are peers.
	Network *wire.Network
	// Receiver is sent the events of all tables.
	Receiver *receiver.Receiver
	// Departures is taken while a sidecar goes for good or has no room to keep what it
	// has written, and while the primary may lose what it has committed, which that sidecar
	// would have to write again.
	Departures sync.Mutex
	Trace      *log.Logger
	// Config that all sidecars follow; Configure changes it.
	Config config.Config

	options  Options
	stops    *stops
	nodes    [2]*node
	primary  int
	password string
	secret   string // that events are signed with

	mu       sync.Mutex
	findings []error
	losses   int
}

// Tables that sidecars write to: their own and one that is mapped.
func Tables() []string { return []string{truth.OwnTable, MappedTable} }

// CompletionThresholdPercent of the sidecars' policy.
const CompletionThresholdPercent = 95

// patience bounds what must happen for a world to be whole again.
const patience = 60 * time.Second

// savePatience is for a sidecar that is killed meanwhile: after each start it may wait
// for half a minute before it takes itself for the home of a learner.
const savePatience = 4 * time.Minute

// Start starts everything but the tables: CreateTables makes them.
func Start(ctx context.Context, options Options) (*World, error) {
	w := &World{options: options, stops: newStops(), Config: configuration(), Trace: options.Trace, password: "first"}
	w.Network = wire.NewNetwork(w.caller)
	if err := w.start(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// configuration has the shortest times that a policy may have, and lanes full
// of batches.
func configuration() config.Config {
	c := config.Default()
	c.Sync.Interval = config.Duration(time.Second)
	c.Sync.BatchSize = 50
	c.Sync.CompletionThresholdPercent = CompletionThresholdPercent
	c.Retry.InitialDelay = config.Duration(100 * time.Millisecond)
	c.Retry.MaxDelay = config.Duration(500 * time.Millisecond)
	c.Buffer.SizeLimitBytes = 128 << 20
	// The superuser owns the tables, so that a fault can take them away without
	// the sidecars making new ones.
	c.Database.Migrations = config.MigrationsManual
	c.Database.StatementTimeout = config.Duration(3 * time.Second)
	c.Events.Enabled = true
	c.Database.ActivityDaily = true
	c.Events.Webhook = &config.Webhook{Batch: 5, Types: config.EventTypes()}
	return c
}

func (w *World) start(ctx context.Context) error {
	if err := w.startReceiver(); err != nil {
		return err
	}
	for i := range w.nodes {
		proxy, err := wire.Start("127.0.0.1:1") // nobody
		if err != nil {
			return err
		}
		w.nodes[i] = &node{name: string(rune('a' + i)), proxy: proxy}
	}
	if err := w.startPrimary(ctx); err != nil {
		return err
	}
	if err := w.Rebuild(ctx); err != nil {
		return err
	}
	for _, role := range roles() {
		s, err := w.newSidecar(fmt.Sprintf("sidecar-%d", len(w.Sidecars)), role)
		if err != nil {
			return err
		}
		w.Sidecars = append(w.Sidecars, s)
	}
	if err := errors.Join(w.writeURI(), w.Configure()); err != nil {
		return err
	}
	for _, s := range w.Sidecars {
		s.run()
		if err := s.Await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// uri is the sidecars' connection string: both hosts, the one that can write.
func (w *World) uri() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, w.password),
		Host: w.nodes[0].proxy.Address() + "," + w.nodes[1].proxy.Address(), Path: "/" + database,
		RawQuery: "sslmode=disable&target_session_attrs=read-write&connect_timeout=2",
	}
	return u.String()
}

func (w *World) writeURI() error {
	for _, s := range w.Sidecars {
		if err := s.kit.SetURI(w.uri()); err != nil {
			return err
		}
	}
	return nil
}

// found keeps what no fault excuses.
func (w *World) found(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.findings = append(w.findings, err)
}

// Findings are what went wrong besides the data: sidecars that ended by
// themselves, or did not end when they should.
func (w *World) Findings() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := append([]error(nil), w.findings...)
	if w.Receiver != nil {
		found = append(found, w.Receiver.Findings()...)
	}
	return found
}

// Close ends everything. The files stay.
func (w *World) Close() error {
	var errs []error
	for _, s := range w.Sidecars {
		errs = append(errs, s.close())
	}
	errs = append(errs, w.Network.Close())
	if w.Receiver != nil {
		errs = append(errs, w.Receiver.Close())
	}
	for _, n := range w.nodes {
		if n != nil {
			errs = append(errs, n.close())
		}
	}
	return errors.Join(errs...)
}
