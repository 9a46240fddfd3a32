package sending

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const firstSecret, secondSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_plJ3nmyCDGBKInavdOK15jsl"

// receiver takes events, or does what answer says.
type receiver struct {
	t      *testing.T
	server *httptest.Server

	mu sync.Mutex
	// taken are the ids of events by their arrival, of requests that were answered 2xx.
	taken    []string
	requests int
	keys     []string // one of which has to have signed
	// answer returns the status for the events of a request; 0 to cut the connection.
	answer func(ids []string) int
	header http.Header
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, keys: []string{firstSecret}, answer: func([]string) int { return http.StatusNoContent }, header: http.Header{}}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	r.verify(request, body)
	ids := r.ids(request, body)
	status := r.answer(ids)
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	if status < 300 {
		r.taken = append(r.taken, ids...)
	}
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(status)
}

// verify is what a library of Standard Webhooks does.
func (r *receiver) verify(request *http.Request, body []byte) {
	id, stamp := request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if at := time.Unix(seconds, 0); err != nil || time.Since(at).Abs() > 5*time.Minute || id == "" {
		r.t.Errorf("id %q at %q", id, stamp)
	}
	for _, secret := range r.keys {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			r.t.Error(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "." + string(body)))
		if slices.Contains(strings.Fields(request.Header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
			return
		}
	}
	r.t.Errorf("no signature of %q is by a known secret", request.Header.Get("webhook-signature"))
}

func (r *receiver) ids(request *http.Request, body []byte) []string {
	var events []map[string]any
	switch kind, _, _ := strings.Cut(request.Header.Get("Content-Type"), ";"); kind {
	case "application/cloudevents+json":
		events = make([]map[string]any, 1)
		if err := json.Unmarshal(body, &events[0]); err != nil {
			r.t.Error(err)
		}
	case "application/cloudevents-batch+json":
		if err := json.Unmarshal(body, &events); err != nil {
			r.t.Error(err)
		}
	default:
		r.t.Errorf("a body of type %q", kind)
	}
	ids := make([]string, 0, len(events))
	for _, e := range events {
		id, _ := e["id"].(string)
		ids = append(ids, id)
		if e["specversion"] != "1.0" || e["source"] == "" || e["type"] == "" || e["data"] == nil {
			r.t.Errorf("no CloudEvent: %v", e)
		}
	}
	if id := request.Header.Get("webhook-id"); len(ids) == 1 && id != ids[0] {
		r.t.Errorf("webhook-id is %q, the event's %q", id, ids[0])
	}
	return ids
}

func (r *receiver) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// away stops listening until the returned function is called, at the same address.
func (r *receiver) away() (back func()) {
	r.t.Helper()
	address := r.server.Listener.Addr().String()
	r.server.Close()
	return func() {
		r.t.Helper()
		listener, err := net.Listen("tcp", address)
		if err != nil {
			r.t.Fatal(err)
		}
		r.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r}}
		r.server.Start()
		r.t.Cleanup(r.server.Close)
	}
}

// world is a database with an outbox, and sidecars that send from it.
type world struct {
	t      *testing.T
	uri    string
	conn   *pgx.Conn
	dir    string
	config config.Config
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	uri := pgtest.Database(t)
	sql, err := postgres.MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, uri: uri, conn: pgtest.Connect(t, uri), dir: t.TempDir(), config: config.Default()}
	pgtest.Execute(t, w.conn, sql)
	w.config.Policy = config.Policy{Namespace: "campus", Name: "lms"}
	w.config.Events = config.Events{Enabled: true, RetentionDays: 7, Webhook: &config.Webhook{URL: url, Batch: 1}}
	w.config.Retry = config.Retry{MaxRetries: 2, InitialDelay: config.Duration(20 * time.Millisecond), MaxDelay: config.Duration(100 * time.Millisecond)}
	w.secret(webhook.SecretFile, firstSecret)
	return w
}

func (w *world) secret(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

const insertEvent = `INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
	VALUES ($1::text::uuid, 'learner', $2, $3, '{"percentage": 100}', 'progress_sync.lesson_progress', 1)`

// complete makes an event for each learner, and returns their ids.
func (w *world) complete(learners ...string) []string {
	w.t.Helper()
	var ids []string
	for _, learner := range learners {
		id := uuid.NewString()
		pgtest.Execute(w.t, w.conn, insertEvent, id, learner, postgres.EventCompleted)
		ids = append(ids, id)
	}
	return ids
}

// learners of a lane, so many.
func (w *world) learners(lane, n int) []string {
	w.t.Helper()
	var names []string
	rows, err := w.conn.Query(w.t.Context(), `SELECT 'learner ' || n FROM generate_series(1, 1000) n
		WHERE hashtextextended('learner ' || n, 0) & 3 = $1 LIMIT $2`, lane, n)
	if err == nil {
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil || len(names) != n {
		w.t.Fatal(names, err)
	}
	return names
}

// quick is the pace of tests.
func quick() pace {
	return pace{look: 50 * time.Millisecond, lease: 600 * time.Millisecond, keep: 100 * time.Millisecond, poll: 10 * time.Millisecond, request: 2 * time.Second}
}

// sender to the webhook that has not been started.
func (w *world) sender() *Sender {
	w.t.Helper()
	return w.senderTo(webhook.New(w.dir))
}

// senderTo is one of any kind.
func (w *world) senderTo(kind Kind) *Sender {
	w.t.Helper()
	db := postgres.New(postgres.Options{URI: func() (string, error) { return w.uri, nil }, MaxConnections: 4, Events: true, Migrations: config.MigrationsManual})
	w.t.Cleanup(db.Close)
	s := New(kind, Options{
		Version: "test", Log: testr.New(w.t),
		Store: func(r delivery.Receiver, owner uuid.UUID, lease time.Duration) Store {
			return db.Deliveries(r, owner, lease)
		},
	})
	s.pace = quick()
	s.Configure(w.config)
	return s
}

// start runs a sender until the returned function is called, at the latest until the
// test's end.
func (w *world) start(s *Sender) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	w.t.Cleanup(stop)
	return stop
}

// arrives waits until the receiver has got the events, in any order and some perhaps
// several times.
func (w *world) arrives(r *receiver, want []string) {
	w.t.Helper()
	kit.Eventually(w.t, "all events arrive", func() error {
		got := r.got()
		for _, id := range want {
			if !slices.Contains(got, id) {
				return fmt.Errorf("%s is not among %d", id, len(got))
			}
		}
		return nil
	})
}

func (w *world) fails(s *Sender, reason string, code int) {
	w.t.Helper()
	kit.Eventually(w.t, "the status says "+reason, func() error {
		status := s.Status()
		if status == nil || status.Failure == nil {
			return errors.New("no failure")
		}
		return kit.Unless(status.Failure.Reason == reason && status.Failure.Status == code, *status.Failure)
	})
}

func (w *world) count(query string) int {
	w.t.Helper()
	var n int
	if err := w.conn.QueryRow(w.t.Context(), query).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// tells is the status of a sender, empty until it has one.
func tells(s *Sender) status.Sending {
	if now := s.Status(); now != nil {
		return *now
	}
	return status.Sending{}
}
