package sending

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// once checks that each event came once, and those of a learner in their order.
func once(t *testing.T, got []string, lanes ...[]string) {
	t.Helper()
	all := 0
	for _, want := range lanes {
		all += len(want)
		of := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(want, id) })
		if !slices.Equal(of, want) {
			t.Errorf("got %v, want %v", of, want)
		}
	}
	if len(got) != all {
		t.Errorf("%d events came, want %d", len(got), all)
	}
}

func TestEachEventComesOnceAndThoseOfALearnerInTheirOrder(t *testing.T) {
	for name, batch := range map[string]int{"one by one": 1, "in batches": 7} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			w := newWorld(t, r.server.URL)
			w.config.Events.Webhook.Batch = batch
			ada := w.complete(slices.Repeat([]string{"ada"}, 15)...)
			bob := w.complete(slices.Repeat([]string{"bob"}, 15)...)
			s := w.sender()
			w.start(s)
			w.arrives(r, append(ada, bob...))
			more := w.complete("ada", "ada")
			w.arrives(r, more)
			once(t, r.got(), append(ada, more...), bob)
			kit.Eventually(t, "nothing waits", func() error {
				told := tells(s)
				return kit.Unless(told.Held == 4 && told.Standing == 0 && told.OldestSeconds == 0 && told.Failure == nil && told.Delivered == 32, told)
			})
		})
	}
}

func TestOnlyTheTypesAreSentThatThePolicyNames(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	w.config.Events.Webhook.Types = []string{postgres.EventCompleted}
	reset := uuid.NewString()
	pgtest.Execute(t, w.conn, insertEvent, reset, "ada", postgres.EventReset)
	other := uuid.NewString()
	pgtest.Execute(t, w.conn, `INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
		VALUES ($1::text::uuid, 'learner', 'ada', $2, '{}', 'of another policy', 1)`, other, postgres.EventCompleted)
	completed := w.complete("ada")
	w.start(w.sender())
	w.arrives(r, completed)
	once(t, r.got(), completed)
}

// However long a receiver is away, all of it comes afterwards and nothing is set aside.
func TestAReceiverThatIsAwayMissesNothing(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	first := w.complete("ada", "bob", "eve")
	s := w.sender()
	w.start(s)
	w.arrives(r, first)
	back := r.away()
	later := w.complete("ada", "bob", "eve", "ada")
	w.fails(s, status.SendingUnreachable, 0)
	kit.Eventually(t, "many attempts", func() error { return kit.Unless(tells(s).Attempts > 12, tells(s).Attempts) })
	back()
	w.arrives(r, later)
	once(t, r.got(), []string{first[0], later[0], later[3]}, []string{first[1], later[1]}, []string{first[2], later[2]})
	if f := tells(s).Failure; f != nil {
		t.Errorf("it is back, and the status says %+v", *f)
	}
}

func TestAReceiverThatRefusesEverythingMissesNothing(t *testing.T) {
	for name, code := range map[string]int{"500": 500, "a wrong secret": 401, "too many requests": 429, "a redirect": 302} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			r.answer = func([]string) int { return code }
			w := newWorld(t, r.server.URL)
			w.config.Events.Webhook.Batch = 4
			var events []string
			for lane := range 4 {
				learners := w.learners(lane, 2)
				events = append(events, w.complete(learners...)...)
			}
			s := w.sender()
			w.start(s)
			w.fails(s, status.SendingRefused, code)
			kit.Eventually(t, "many attempts", func() error { return kit.Unless(tells(s).Attempts > 20, tells(s).Attempts) })
			if n := w.count("SELECT count(*) FROM progress_sync.undelivered"); n != 0 {
				t.Errorf("%d events are set aside though none was taken", n)
			}
			r.set(func() { r.answer = func([]string) int { return 200 } })
			w.arrives(r, events)
			if got := r.got(); len(got) != len(events) {
				t.Errorf("%d events came, want %d", len(got), len(events))
			}
		})
	}
}

func TestAnEventThatIsRefusedAloneIsSetAsideAndTheOthersGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		batch, code int
	}{"alone": {1, 500}, "in a batch": {8, 422}, "by a cut connection": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			w := newWorld(t, r.server.URL)
			w.config.Events.Webhook.Batch = c.batch
			learners := w.learners(2, 2+w.config.Retry.MaxRetries+2) // one lane, so that nothing but a witness tells
			ada, bob := learners[0], learners[1]
			events := w.complete(append([]string{bob, ada, ada, bob, bob}, learners[2:]...)...)
			poison := events[1]
			tries := 0
			r.answer = func(ids []string) int {
				if !slices.Contains(ids, poison) {
					return 200
				}
				if len(ids) == 1 {
					tries++
				}
				return c.code
			}
			s := w.sender()
			w.start(s)
			others := slices.Delete(slices.Clone(events), 1, 2)
			w.arrives(r, others)
			kit.Eventually(t, "it is set aside", func() error { return kit.Unless(tells(s).SetAside == 1, tells(s).SetAside) })
			var rest [][]string
			for _, id := range events[5:] {
				rest = append(rest, []string{id})
			}
			once(t, r.got(), append(rest, []string{events[0], events[3], events[4]}, events[2:3])...)
			if tries != w.config.Retry.MaxRetries+2 {
				t.Errorf("it was tried %d times alone, want %d", tries, w.config.Retry.MaxRetries+2)
			}
			var id, kind string
			var attempts int
			if err := w.conn.QueryRow(t.Context(), "SELECT id::text, type, attempts FROM progress_sync.undelivered").Scan(&id, &kind, &attempts); err != nil ||
				id != poison || kind != postgres.EventCompleted || attempts != tries {
				t.Errorf("%s %s after %d: %v", id, kind, attempts, err)
			}
			r.set(func() { r.answer = func([]string) int { return 200 } })
			pgtest.Execute(t, w.conn, "UPDATE progress_sync.undelivered SET again = true")
			w.arrives(r, []string{poison})
			kit.Eventually(t, "none is left", func() error { return kit.Unless(tells(s).SetAside == 0, tells(s).SetAside) })
		})
	}
}

func TestOneOtherEventIsEnoughToTellWhichIsRefused(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	learners := w.learners(1, 2)
	events := w.complete(learners[0], learners[1], learners[0])
	r.answer = func(ids []string) int {
		if slices.Contains(ids, events[0]) {
			return 500
		}
		return 200
	}
	s := w.sender()
	w.start(s)
	w.arrives(r, events[1:])
	if n := w.count("SELECT count(*) FROM progress_sync.undelivered"); n != 1 {
		t.Errorf("%d events are set aside, want 1", n)
	}
}

// Nothing tells whether the receiver or the only event is at fault, so it is kept.
func TestTheOnlyEventIsNeverSetAside(t *testing.T) {
	r := newReceiver(t)
	r.answer = func([]string) int { return 500 }
	w := newWorld(t, r.server.URL)
	events := w.complete("ada", "ada") // whose second may not come before her first
	s := w.sender()
	w.start(s)
	kit.Eventually(t, "many attempts", func() error { return kit.Unless(tells(s).Attempts > 12, tells(s).Attempts) })
	r.set(func() { r.answer = func([]string) int { return 200 } })
	w.arrives(r, events)
	once(t, r.got(), events)
}

func TestGoneStopsUntilTheWebhookChanges(t *testing.T) {
	r := newReceiver(t)
	r.answer = func([]string) int { return http.StatusGone }
	w := newWorld(t, r.server.URL+"/before")
	events := w.complete("ada", "ada")
	s := w.sender()
	w.start(s)
	w.fails(s, status.SendingGone, 410)
	r.set(func() { r.requests, r.answer = 0, func([]string) int { return 200 } })
	// Another sidecar, or this one after a restart, asks no more either.
	another := w.sender()
	w.start(another)
	w.fails(another, status.SendingGone, 410)
	if n := w.count("SELECT count(*) FROM progress_sync.deliveries WHERE stopped_for IS NOT NULL AND owner IS NULL"); n != 4 {
		t.Errorf("%d lanes are stopped, want 4", n)
	}
	r.set(func() {
		if r.requests != 0 {
			t.Errorf("%d requests after it said that it is gone", r.requests)
		}
	})
	w.config.Events.Webhook = &config.Webhook{URL: r.server.URL + "/after", Batch: 1}
	s.Configure(w.config)
	w.arrives(r, events)
	once(t, r.got(), events)
	kit.Eventually(t, "the status is mended", func() error { return kit.Unless(tells(s).Failure == nil, tells(s).Failure) })
}

func TestRetryAfterIsHonoured(t *testing.T) {
	r := newReceiver(t)
	r.answer, r.header = func([]string) int { return 503 }, http.Header{"Retry-After": {"3600"}}
	w := newWorld(t, r.server.URL)
	events := w.complete("ada")
	s := w.sender()
	stop := w.start(s)
	w.fails(s, status.SendingRefused, 503)
	kit.Eventually(t, "the lease is renewed several times", func() error {
		return kit.Unless(w.count("SELECT count(*) FROM progress_sync.deliveries WHERE leased_until > now()") == 4 && tells(s).OldestSeconds > 0.5, "not yet")
	})
	r.set(func() {
		if r.requests != 1 {
			t.Errorf("%d requests in the hour that it asked for", r.requests)
		}
		r.answer = func([]string) int { return 200 }
	})
	stop()
	w.start(w.sender()) // which has not heard of it
	w.arrives(r, events)
}

func TestSecretsMayChangeWhileEventsAreSent(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	if err := os.Remove(filepath.Join(w.dir, webhook.SecretFile)); err != nil {
		t.Fatal(err)
	}
	events := w.complete("ada")
	s := w.sender()
	w.start(s)
	w.fails(s, status.SendingNoSecret, 0)
	kit.Eventually(t, "the lanes stand", func() error {
		return kit.Unless(tells(s).Standing == 4 && tells(s).StandingSince != nil, tells(s))
	})
	w.secret(webhook.SecretFile, "no secret")
	w.fails(s, status.SendingBadSecret, 0)
	w.secret(webhook.SecretFile, firstSecret)
	w.arrives(r, events)
	// Both, then the receiver goes over, then the first goes.
	w.secret(webhook.PreviousFile, firstSecret)
	w.secret(webhook.SecretFile, secondSecret)
	w.arrives(r, w.complete("ada"))
	r.set(func() { r.keys = []string{secondSecret} })
	w.arrives(r, w.complete("ada"))
	if err := os.Remove(filepath.Join(w.dir, webhook.PreviousFile)); err != nil {
		t.Fatal(err)
	}
	w.arrives(r, w.complete("ada"))
	if f := tells(s).Failure; f != nil {
		t.Errorf("the status says %+v", *f)
	}
}

// dying is a store whose process is killed between a request and what follows it: from then
// on nothing reaches the database.
type dying struct {
	Store
	dead *atomic.Bool
}

var errKilled = errors.New("killed")

func (d *dying) Move(context.Context, int, delivery.Position) (bool, error) {
	d.dead.Store(true)
	return false, errKilled
}

func (d *dying) Keep(ctx context.Context, lane int) (bool, error) {
	if d.dead.Load() {
		return false, errKilled
	}
	return d.Store.Keep(ctx, lane)
}

func (d *dying) Look(ctx context.Context, take bool) (delivery.View, error) {
	if d.dead.Load() {
		return delivery.View{}, errKilled
	}
	return d.Store.Look(ctx, take)
}

func (d *dying) Read(ctx context.Context, lane int, after delivery.Position, most int) (delivery.Page, error) {
	if d.dead.Load() {
		return delivery.Page{}, errKilled
	}
	return d.Store.Read(ctx, lane, after, most)
}

func (d *dying) Release(context.Context) error { return errKilled }

// killed is a sender that is killed after the first request that is taken.
func (w *world) killed(kind Kind) *Sender {
	w.t.Helper()
	s := w.senderTo(kind)
	alive, dead := s.options.Store, new(atomic.Bool)
	s.options.Store = func(r delivery.Receiver, owner uuid.UUID, lease time.Duration) Store {
		return &dying{Store: alive(r, owner, lease), dead: dead}
	}
	return s
}

func TestAnotherTakesOverWhatAKilledSenderHas(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	events := w.complete("ada", "ada")
	w.start(w.killed(webhook.New(w.dir)))
	w.arrives(r, events[:1])
	second := w.sender()
	w.start(second)
	w.arrives(r, events)
	// The one between request and cursor came twice, with the same id.
	if got := r.got(); !slices.Equal(got, []string{events[0], events[0], events[1]}) {
		t.Errorf("got %v, want %v with the first twice", got, events)
	}
	if held := tells(second).Held; held != 4 {
		kit.Eventually(t, "it has all lanes", func() error { return kit.Unless(tells(second).Held == 4, tells(second).Held) })
	}
}

func TestALaneHasOneSenderAtATime(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	var senders []*Sender
	var stops []func()
	for range 3 {
		s := w.sender()
		senders = append(senders, s)
		stops = append(stops, w.start(s))
	}
	var events []string
	for range 5 {
		events = append(events, w.complete("ada", "bob", "eve", "joe")...)
	}
	w.arrives(r, events)
	if got := r.got(); len(got) != len(events) {
		t.Errorf("%d events came, want %d", len(got), len(events))
	}
	held := func() (n int) {
		for _, s := range senders {
			n += tells(s).Held
		}
		return n
	}
	kit.Eventually(t, "each lane has one", func() error { return kit.Unless(held() == 4, held()) })
	// One that ends gives its lanes back, and the others have them before a lease ends.
	for i, s := range senders[:2] {
		stops[i]()
		if tells(s).Held != 0 {
			t.Errorf("it has ended and holds %d lanes", tells(s).Held)
		}
	}
	kit.Eventually(t, "the last has all", func() error {
		return kit.Unless(tells(senders[2]).Held == 4, tells(senders[2]).Held)
	})
	w.arrives(r, w.complete("ada", "bob", "eve", "joe"))
}

// A replica that lagged lacks the last events and the last moves of lanes, and gives the
// numbers of their transactions to other events.
func TestNothingIsMissedWhenTheDatabaseHasLostItsLastMoments(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	s := w.sender()
	w.start(s)
	w.arrives(r, w.complete("ada"))
	kit.Eventually(t, "the lane stands behind it", func() error {
		n := w.count("SELECT count(*) FROM progress_sync.deliveries WHERE xid = (SELECT max(xid) FROM progress_sync.outbox)")
		return kit.Unless(n > 0, n)
	})
	other := uuid.NewString()
	pgtest.Execute(t, w.conn, `BEGIN;
		UPDATE progress_sync.deliveries SET xid = '0', seq = 0, id = '00000000-0000-0000-0000-000000000000';
		INSERT INTO progress_sync.outbox (xid, seq, id, aggregatetype, aggregateid, type, payload, target)
		SELECT xid, seq - 1, '`+other+`', aggregatetype, aggregateid, type, payload, target FROM progress_sync.outbox;
		SELECT pg_stat_reset_shared('bgwriter');
		COMMIT`)
	w.arrives(r, []string{other})
}

func TestWithoutTablesOrDatabaseTheStatusSaysSo(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, r.server.URL)
	pgtest.Execute(t, w.conn, "DROP TABLE progress_sync.deliveries")
	s := w.sender()
	w.start(s)
	w.fails(s, status.SendingNoOutbox, 0)
	uri := w.uri
	w.uri = "postgres://nobody@127.0.0.1:1/none"
	another := w.sender()
	w.start(another)
	w.fails(another, status.SendingNoDatabase, 0)
	w.uri = uri
}

func TestWithoutAWebhookNothingIsAsked(t *testing.T) {
	s := New(webhook.New(""), Options{Store: func(delivery.Receiver, uuid.UUID, time.Duration) Store {
		t.Error("the database is asked")
		return nil
	}})
	c := config.Default()
	c.Events.Webhook = &config.Webhook{URL: "https://lms.example.com"} // and events are off
	s.Configure(c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	if s.Status() != nil {
		t.Errorf("the status says %+v", s.Status())
	}
	cancel()
	<-done
}
