package openapi_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/front"
	"github.com/progress-sync/progress-sync/sidecar/ingest"
	"github.com/progress-sync/progress-sync/sidecar/outbox"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/stats"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/sidecar/web/openapi"
	"github.com/progress-sync/progress-sync/sidecar/web/panel"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// stand is the sidecar's handlers, served as by the sidecar, over a real spool
// and a real flusher.
type stand struct {
	url     string
	handler *ingest.Handler
	limits  ingest.Limits
	buffer  *buffer.Buffer
	faults  *faults
}

// faults are errors that take too long to bring about otherwise.
type faults struct {
	*buffer.Buffer
	flusher *flush.Flusher
	replay  atomic.Pointer[error]
	erase   atomic.Pointer[error]
	home    atomic.Pointer[error] // of the learners' home
	events  atomic.Pointer[error]
	feed    *outbox.Feed
	report  atomic.Pointer[error]
}

func (f *faults) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	if err := f.home.Load(); err != nil {
		return nil, *err
	}
	return f.Buffer.Put(ctx, updates)
}

func (f *faults) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	if err := f.home.Load(); err != nil {
		return nil, *err
	}
	return f.Buffer.Reset(ctx, keys)
}

func (f *faults) ReplayDeadLetter(id uint64) error {
	if err := f.replay.Load(); err != nil {
		return *err
	}
	return f.Buffer.ReplayDeadLetter(id)
}

func (f *faults) Read(ctx context.Context, cursor string, limit int) (outbox.Page, error) {
	if err := f.events.Load(); err != nil {
		return outbox.Page{}, *err
	}
	return f.feed.Read(ctx, cursor, limit)
}

func (f *faults) Erase(ctx context.Context, user string) (flush.Erased, error) {
	if err := f.erase.Load(); err != nil {
		return flush.Erased{}, *err
	}
	return f.flusher.Erase(ctx, user)
}

type reader struct {
	*postgres.Database
	writer string
}

func (r reader) Read(ctx context.Context, f buffer.Filter) (ingest.Saved, error) {
	snapshot, err := r.ReadAt(ctx, r.writer, postgres.Filter(f))
	return ingest.Saved{Records: snapshot.Records, Applied: snapshot.Numbers}, err
}

// numbers are the statistics.
type numbers struct {
	*postgres.Database
	faults *faults
}

func (n numbers) CourseLessons(ctx context.Context, courseID string) (stats.CourseLessons, error) {
	if err := n.faults.report.Load(); err != nil {
		return stats.CourseLessons{}, *err
	}
	asOf := time.Now()
	lessons, err := n.Database.CourseLessons(ctx, courseID)
	return stats.CourseLessons{AsOf: asOf, Lessons: lessons}, err
}

// undelivered are the events that a receiver of a policy refused.
type undelivered struct {
	*postgres.Database
	faults *faults
}

func (u undelivered) List(ctx context.Context, limit int) ([]postgres.Undelivered, bool, error) {
	if err := u.faults.events.Load(); err != nil {
		return nil, false, *err
	}
	return u.Undelivered(ctx, "campus/lms", limit)
}

func (u undelivered) Redeliver(ctx context.Context, event uuid.NullUUID) (int, error) {
	if err := u.faults.events.Load(); err != nil {
		return 0, *err
	}
	return u.Database.Redeliver(ctx, "campus/lms", event)
}

// nowhere is a database that can't be reached.
const nowhere = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"

// newStand starts a sidecar's parts.
func newStand(t *testing.T, uri string, policy buffer.Policy, free uint64) *stand {
	t.Helper()
	policy.Terms, policy.ReplayWindow = timing.Only(timing.Terms{Interval: time.Hour}, 0), time.Minute
	policy.EventIDs = buffer.EventIDs{MaxCount: 100}
	s := state.New(state.Options{Version: "1.2.3"})
	b, err := buffer.Open(buffer.Options{
		Dir: t.TempDir(), Policy: policy, FreeBytes: func(string) (uint64, error) { return free, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	db := postgres.New(postgres.Options{
		URI: func() (string, error) { return uri, nil }, MaxConnections: 2, Migrations: config.MigrationsAuto, Events: true,
		StatementTimeout: 20 * time.Second, ReadTimeout: 20 * time.Second,
	})
	c.Retry.InitialDelay = config.Duration(20 * time.Millisecond)
	f := flush.New(flush.Options{Buffer: b, Database: s.Timed(db), Observer: s, Policy: flush.PolicyOf(c)})
	s.Attach(b, db.Connections)
	made := &stand{buffer: b, faults: &faults{Buffer: b, flusher: f, feed: outbox.NewFeed(db, func() int { return 7 })}, limits: ingest.LimitsOf(c)}
	made.limits.ReadTimeout = 20 * time.Second
	made.limits.Standards = []config.Standard{config.StandardXAPI, config.StandardCaliper}
	made.limits.IRIPrefixes = []string{"learner:"}
	made.handler = ingest.New(ingest.Options{
		Buffer: made.faults, Syncer: f, Eraser: made.faults, Reader: reader{db, b.Writer()}, State: s, Limits: made.limits, Events: made.faults, Undelivered: undelivered{db, made.faults},
		Statistics: numbers{db, made.faults},
		Panel:      panel.New(panel.Options{State: s, Config: func() config.Config { return c }}),
		OpenAPI:    openapi.Document(),
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	made.url = "http://" + listener.Addr().String()
	server := front.New(&http.Server{
		Handler: made.handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	}, made.handler, ingest.BodyPaths()...)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		db.Close()
		if err := b.Close(); err != nil && !errors.Is(err, buffer.ErrClosed) {
			t.Error(err)
		}
	})
	return made
}

// refusedEvent is one that a receiver refused.
const refusedEvent = "3b5f0a86-6f0c-8d52-9c1d-0d1f6d0b7a11"

// newReady is a stand that can save, but nothing with more than 1000 seeks.
func newReady(t *testing.T) *stand {
	t.Helper()
	uri := pgtest.Database(t)
	s := newStand(t, uri, buffer.Policy{}, 1<<40)
	s.must(t, "POST", "/v1/progress", `{"userId":"first","courseId":"c","lessonId":"l"}`)
	s.must(t, "POST", "/v1/sync", "")
	s.must(t, "PUT", "/v1/courses/go-101", `{"lessons":[{"lessonId":"l"}]}`)
	pgtest.Execute(t, pgtest.Connect(t, uri), "ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT plausible CHECK (seek_events <= 1000)")
	pgtest.Execute(t, pgtest.Connect(t, uri), `INSERT INTO progress_sync.undelivered (receiver, id, lane, xid, seq, type, event_at, reason, status, attempts)
		VALUES ('campus/lms', '`+refusedEvent+`', 0, '1', 1, 'dev.progresssync.lesson.completed', now(), 'refused', 500, 5)`)
	return s
}

// newAway is a stand whose database can't be reached, and which holds as many
// records as it may.
func newAway(t *testing.T) *stand {
	t.Helper()
	s := newStand(t, nowhere, buffer.Policy{MaxPendingRecords: 1}, 1<<40)
	s.must(t, "POST", "/v1/progress", `{"userId":"first","courseId":"c","lessonId":"l"}`)
	return s
}

// newFull is a stand whose disk has no room.
func newFull(t *testing.T) *stand {
	t.Helper()
	s := newStand(t, nowhere, buffer.Policy{SizeLimitBytes: 1 << 30}, 0)
	kit.Eventually(t, "a full disk is noticed", func() error {
		stats := s.buffer.Stats()
		return kit.Unless(stats.Refusing, stats)
	})
	return s
}

// newClosed is a stand that shuts down.
func newClosed(t *testing.T) *stand {
	t.Helper()
	s := newStand(t, nowhere, buffer.Policy{}, 1<<40)
	if err := s.buffer.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// must makes a call that prepares another.
func (s *stand) must(t *testing.T, method, path, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %s %v", method, path, response.Status, answer, err)
	}
	return string(answer)
}

// limit changes the limits for one case.
func (s *stand) limit(t *testing.T, change func(*ingest.Limits)) {
	t.Helper()
	changed := s.limits
	change(&changed)
	s.handler.SetLimits(changed)
	t.Cleanup(func() { s.handler.SetLimits(s.limits) })
}
