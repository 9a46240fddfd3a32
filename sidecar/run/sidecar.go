package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest"
	"github.com/progress-sync/progress-sync/sidecar/outbox"
	"github.com/progress-sync/progress-sync/sidecar/peers"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/spool/upgrade"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/tracing"
	"github.com/progress-sync/progress-sync/sidecar/web/openapi"
	"github.com/progress-sync/progress-sync/sidecar/web/panel"
)

// sidecar is all the parts of one process.
type sidecar struct {
	options  Options
	memory   int64
	logging  *logging
	log      logr.Logger
	state    *state.State
	buffer   *buffer.Buffer
	adaptive *stretching
	db       *postgres.Database
	reports  statistics
	tracing  *tracing.Tracing // nil for none
	flusher  *flush.Flusher
	peers    *peers.Peers
	senders  senders
	feed     *outbox.Feed
	keeper   *outbox.Keeper
	handler  *ingest.Handler
	deadline *deadline
	// early is signalled when the pod begins to be deleted.
	early chan struct{}

	servers []*server // the write API first

	injected config.Candidate

	mu     sync.Mutex
	kept   config.Candidate // the last configuration in use, of this process or one before
	choice config.Choice    // the configuration in use
	hurry  bool
}

// open makes all parts and listens; nothing runs yet. memory is what Go may use,
// in bytes; 0 and math.MaxInt64 are any amount.
func open(ctx context.Context, o Options, memory int64) (*sidecar, error) {
	s := &sidecar{
		options: o, memory: memory, logging: newLogging(o.Log),
		deadline: &deadline{grace: o.GracePeriod, now: time.Now},
		early:    make(chan struct{}, 1),
	}
	s.log = s.logging.log
	if err := s.check(); err != nil {
		return nil, err
	}
	s.state = state.New(state.Options{Version: o.Version})
	s.firstConfig()
	c := s.choice.Config

	began := time.Now()
	var err error
	policy := bufferPolicy(c, memory, false)
	s.buffer, err = buffer.Open(buffer.Options{
		Dir: o.Spool, Policy: policy, OnSync: s.state.JournalSynced, OnTaken: s.state.Accepted,
		OnMerged: s.state.Merged, OnFinal: s.state.FinalLag,
		Import: upgrade.Import(ctx, s.imported),
	})
	if err != nil {
		return nil, err
	}
	s.keep()
	found := s.buffer.Stats()
	s.log.Info("Opened the spool", "records", found.Pending+found.InFlight, "updates", found.PendingUpdates,
		"took", time.Since(began).String())

	s.adaptive = newStretching(time.Now, s.buffer.SetStretch)
	s.adaptive.configure(c, false)
	s.db = postgres.New(databaseOptions(c, s.databaseURI))
	s.reports = newStatistics(c, s.databaseURI)
	s.tracing = s.startTracing()
	s.flusher = flush.New(flush.Options{
		Buffer: s.buffer, Database: s.adaptive.database(s.state.Timed(s.tracing.Database(s.db))), Observer: s.state, Policy: flush.PolicyOf(c),
		Log: s.log.WithName("flush"),
	})
	if s.peers, err = s.newPeers(c); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.feed = outbox.NewFeed(s.db, func() int { return s.inUse().Events.RetentionDays })
	s.keeper = outbox.NewKeeper(s.db, func() config.Events { return s.inUse().Events }, s.log.WithName("outbox"))
	s.state.Registerer().MustRegister(slices.Concat(s.feed.Metrics(), s.keeper.Metrics())...)
	s.handler = ingest.New(ingest.Options{
		Buffer: peered{s.buffer, s.peers}, Homes: s.peers, Syncer: s.flusher, Eraser: s.flusher, Reader: reader{s.db, s.buffer.Writer()}, State: s.state,
		Events: s.feed, Undelivered: undelivered{s}, Statistics: s.reports,
		Limits: s.limits(c), Terms: policy.Terms, Panel: panel.New(panel.Options{State: s.state, Config: s.inUse}), OpenAPI: openapi.Document(),
	})
	s.state.Attach(s.buffer, func() int { return s.db.Connections() + s.reports.Connections() })
	s.state.AttachPeers(s.peers.Status)
	s.state.AttachAdaptive(s.adaptive.status)
	s.senders = s.newSenders(c)
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// imported tells of a spool that an earlier version wrote.
func (s *sidecar) imported(dir string, r upgrade.Report) {
	s.log.Info("Imported the spool of an earlier version", "spool", filepath.Base(dir), "records", r.Pending,
		"batches", r.Batches, "deadLetters", r.DeadLetters, "eventIds", r.EventIDs, "tombstones", r.Tombstones)
}

func (s *sidecar) check() error {
	if err := requireLoopback("--listen", s.options.Listen); err != nil {
		return err
	}
	if s.options.Pprof != "" {
		return requireLoopback("--pprof", s.options.Pprof)
	}
	return nil
}

// listen opens the status port last: the startup probe asks there whether the
// app may start.
func (s *sidecar) listen() error {
	ports := []struct {
		what, address string
		connections   int64
		handler       http.Handler
		plain         []string
	}{
		{"the API", s.options.Listen, apiConnections(s.memory), s.local(), ingest.BodyPaths()},
		{"profiles", s.options.Pprof, statusConnections, profiles(), nil},
		{"the status", s.options.StatusListen, statusConnections, s.state.PodHandler(), nil},
	}
	for _, p := range ports {
		if p.address == "" {
			continue
		}
		server, err := listen(p.what, p.address, p.connections, p.handler, s.logging.handler, s.handler, p.plain...)
		if err != nil {
			return err
		}
		s.servers = append(s.servers, server)
	}
	return nil
}

// databaseURI reads the mounted Secret.
func (s *sidecar) databaseURI() (string, error) {
	content, err := os.ReadFile(s.options.DatabaseURIFile)
	return string(content), err
}

// secretFiles are what the Secret may hold.
func (s *sidecar) secretFiles() []string {
	dir := filepath.Dir(s.options.DatabaseURIFile)
	return []string{
		s.options.DatabaseURIFile,
		filepath.Join(dir, "ca.crt"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"),
	}
}

// startTracing returns nil where traces are not asked for, or can't be made: an
// app must not miss its sidecar for that.
func (s *sidecar) startTracing() *tracing.Tracing {
	t, err := tracing.Start(context.Background(), tracing.Options{
		Version: s.options.Version, Getenv: os.Getenv, Log: s.log.WithName("tracing"),
	})
	if err != nil {
		s.log.Error(err, "There are no traces; correct the variable and restart")
	}
	return t
}

func (s *sidecar) limits(c config.Config) ingest.Limits {
	l := ingest.LimitsOf(c)
	l.MaxBytesInFlight = ingest.BytesInFlight(s.memory)
	return l
}

// close gives back what open took.
func (s *sidecar) close() error {
	for _, server := range s.servers {
		_ = server.http.Close() // whoever is still connected is cut off
		_ = server.listener.Close()
	}
	s.db.Close()
	s.reports.Close()
	s.tracing.Close()
	if err := s.buffer.Close(); err != nil {
		return fmt.Errorf("closing the spool: %w", err)
	}
	return nil
}
