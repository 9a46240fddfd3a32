package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table is the registry as the database keeps it.
type table struct {
	mu   sync.Mutex
	rows map[uuid.UUID]members.Member
	away bool // it refuses every call
}

func newTable() *table { return &table{rows: map[uuid.UUID]members.Member{}} }

func (t *table) Enroll(_ context.Context, self members.Member, _ members.View, _ bool) (members.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.away {
		return members.View{}, errors.New("the database is away")
	}
	t.rows[self.Writer] = self
	var others []members.Entry
	for writer, m := range t.rows {
		if writer != self.Writer {
			others = append(others, members.Entry{Member: m})
		}
	}
	return members.View{}.After(time.Now(), others, nil), nil
}

func (t *table) Leave(_ context.Context, writer, owner uuid.UUID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows[writer].Owner == owner {
		delete(t.rows, writer)
	}
	return nil
}

func (t *table) row(writer uuid.UUID) (members.Member, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, found := t.rows[writer]
	return m, found
}

// sidecar is a Peers with a buffer in memory, on a port of the loopback.
type sidecar struct {
	*Peers
	t        *testing.T
	buffer   *buffer.Buffer
	accepted atomic.Int64 // that others handed on
	repeated atomic.Int64 // likewise
	stop     func()
}

// newSidecar does not run yet.
func newSidecar(t *testing.T, registry *table, mode config.PeersMode) *sidecar {
	t.Helper()
	b, err := buffer.Open(buffer.Options{
		Dir: "spool", FS: disktest.New(), FreeBytes: func(string) (uint64, error) { return 1 << 40, nil },
		Policy: buffer.Policy{Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), CompletionThreshold: 95, MaxPendingRecords: 1_000_000, SizeLimitBytes: 1 << 30, ReplayWindow: time.Minute,
			EventIDs: buffer.DefaultEventIDs()},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &sidecar{t: t, buffer: b, stop: func() {}}
	t.Cleanup(func() {
		s.stop()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Peers = New(Options{
		Buffer: b, Registry: registry, Writer: uuid.New(), Address: netip.MustParseAddrPort(kit.FreeAddress(t)),
		Target:        func() string { return "t" },
		Accepted:      func(updates, _ int) { s.accepted.Add(int64(updates)) },
		Repeated:      func(updates int) { s.repeated.Add(int64(updates)) },
		BytesInFlight: 1 << 20, Log: logr.Discard(), Handler: slog.DiscardHandler,
	}, mode)
	return s
}

// run runs s until the test ends or stop is called. Its API answers with name.
func (s *sidecar) run(name string) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
}

// knows waits until s has so many candidates.
func (s *sidecar) knows(candidates int) {
	s.t.Helper()
	kit.Eventually(s.t, fmt.Sprintf("%d candidates", candidates), func() error {
		status := s.Status()
		return kit.Unless(status.Candidates == candidates, status)
	})
}

// put puts one update and returns its result.
func (s *sidecar) put(u progress.Update) buffer.Result {
	s.t.Helper()
	results, err := s.Put(s.t.Context(), []progress.Update{u})
	if err != nil || len(results) != 1 {
		s.t.Fatalf("%d results, %v", len(results), err)
	}
	return results[0]
}

// holds reports whether the buffer of s has something of a learner.
func (s *sidecar) holds(learner string) bool {
	return len(s.buffer.Unsaved(buffer.Filter{UserID: learner})) > 0
}

// updates are how many of a learner the buffer of s has.
func (s *sidecar) updates(learner string) (n int64) {
	for _, u := range s.buffer.Unsaved(buffer.Filter{UserID: learner}) {
		n += u.Record.UpdateCount
	}
	return n
}

// pair is two sidecars that run, and that hand on to each other already: a member that
// has just come may be refused until the others have asked the registry again.
func pair(t *testing.T) (registry *table, a, b *sidecar) {
	t.Helper()
	registry = newTable()
	a = newSidecar(t, registry, config.PeersAuto)
	a.run("a")
	a.knows(1)
	b = newSidecar(t, registry, config.PeersAuto)
	b.run("b")
	b.knows(2)
	b.reaches(a) // with which a comes to know b
	a.knows(2)
	a.reaches(b)
	return registry, a, b
}

// reaches waits until updates are handed on to another sidecar.
func (s *sidecar) reaches(home *sidecar) {
	s.t.Helper()
	learner := learnerOf(s, home)
	kit.Eventually(s.t, "updates to be handed on", func() error {
		return kit.Unless(s.put(of(learner, "")).Elsewhere, s.Status())
	})
}

var learners atomic.Int64

// learnerOf is a learner who was not there before, and whose home is home in the eyes
// of s.
func learnerOf(s, home *sidecar) string {
	for {
		learner := fmt.Sprint("learner-", learners.Add(1))
		if m, _ := s.set().Home(learner); m.Writer == home.o.Writer {
			return learner
		}
	}
}

// of is an update of a learner. event may be empty.
func of(learner, event string) progress.Update {
	return progress.Update{
		Key: progress.Key{UserID: learner, CourseID: "c", LessonID: "l"}, EventID: event, WatchedDelta: progress.Some(1.0),
	}
}
