package sending

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/outbox"
)

// Store is what sending asks of the database; *postgres.Deliveries is one. Those that
// return a bool return false if the lane is another process' by now.
type Store interface {
	Look(ctx context.Context, take bool) (delivery.View, error)
	Read(ctx context.Context, lane int, after delivery.Position, most int) (delivery.Page, error)
	Move(ctx context.Context, lane int, to delivery.Position) (bool, error)
	SetAside(ctx context.Context, lane int, a delivery.SetAside) (bool, error)
	Keep(ctx context.Context, lane int) (bool, error)
	Refuse(ctx context.Context, lane int, event uuid.UUID, times int) (bool, error)
	Release(ctx context.Context) error
	Stop(ctx context.Context) error
	Again(ctx context.Context, lane, days, most int) ([]delivery.Event, error)
	Tried(ctx context.Context, event uuid.UUID, done bool, status int) error
}

// Options of a Sender.
type Options struct {
	Version string
	// Store makes the way to a receiver's lanes, leased for so long at a time.
	Store func(r delivery.Receiver, owner uuid.UUID, lease time.Duration) Store
	Log   logr.Logger
}

// pace of a sender.
type pace struct {
	look    time.Duration // between two looks at all lanes
	lease   time.Duration // of a lane
	keep    time.Duration // between two renewals of a lease
	poll    time.Duration // between two looks for events of a lane
	request time.Duration // that a receiver has for an answer
}

// usual finds an event within a second, and the lanes of a process that was killed within
// a minute.
func usual() pace {
	return pace{look: 20 * time.Second, lease: 30 * time.Second, keep: 10 * time.Second, poll: time.Second, request: 10 * time.Second}
}

// releasing is how long giving lanes back may take at the end.
const releasing = 2 * time.Second

// Sender sends events to the receiver of one kind that the configuration names, if it does.
type Sender struct {
	kind    Kind
	options Options
	pace    pace
	chance  func() float64
	told    *told

	mu      sync.Mutex
	config  config.Config
	changed chan struct{}
}

// New makes a Sender that sends nothing until it is configured and runs.
func New(k Kind, o Options) *Sender {
	return &Sender{kind: k, options: o, pace: usual(), chance: rand.Float64, told: newTold(k), changed: make(chan struct{})}
}

// Configure follows a configuration. Another receiver is sent to at once.
func (s *Sender) Configure(c config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := reflect.DeepEqual(c.Events, s.config.Events) && c.Retry == s.config.Retry && c.Policy.Namespace == s.config.Policy.Namespace &&
		c.Policy.Name == s.config.Policy.Name && c.Database.Mapping.Equal(s.config.Database.Mapping)
	s.config = c
	if !same {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

func (s *Sender) current() (config.Config, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config, s.changed
}

// Run sends until ctx ends, and gives back its lanes then.
func (s *Sender) Run(ctx context.Context) {
	for ctx.Err() == nil {
		c, changed := s.current()
		task := s.kind.Task(c)
		if task == nil || !c.Events.Enabled {
			s.told.off()
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		s.send(ctx, c, *task, changed)
	}
}

// send sends by one configuration until it changes.
func (s *Sender) send(ctx context.Context, c config.Config, task delivery.Task, changed <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() {
		defer cancel()
		select {
		case <-ctx.Done():
		case <-changed:
		}
	})
	s.told.on()
	r := s.round(c, task)
	defer r.client.close()
	r.run(ctx)
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), releasing)
	defer done()
	if err := r.store.Release(ending); err != nil {
		s.options.Log.V(1).Info("Lanes of events are not given back, and free when their lease ends", "why", err.Error())
	}
	s.told.held(0)
}

// round of sending by one configuration.
type round struct {
	*Sender
	task    delivery.Task
	days    int
	most    int // tries of an event that is refused while others are taken
	store   Store
	client  *client
	breaker *breaker.Breaker

	mu        sync.Mutex
	held      map[int]bool
	delivered uint64 // requests that were taken
	notBefore time.Time
	// gone: the receiver wants nothing more.
	gone bool
	// database and target name what the events are of.
	database, target string
}

func (s *Sender) round(c config.Config, task delivery.Task) *round {
	backoff := breaker.Backoff{
		MaxRetries: c.Retry.MaxRetries, InitialDelay: c.Retry.InitialDelay.D(), MaxDelay: c.Retry.MaxDelay.D(), Interval: c.Retry.MaxDelay.D(),
	}
	return &round{
		Sender: s, task: task, days: c.Events.RetentionDays,
		// One more than a write has, as its first repeat comes at once.
		most:    c.Retry.MaxRetries + 2,
		store:   s.options.Store(task.Receiver, uuid.New(), s.pace.lease),
		client:  newClient(task.URL, s.kind.SecretDir(), s.pace.request, s.options.Version),
		breaker: breaker.New(delivery.Lanes, backoff, s.chance, s.told),
		held:    map[int]bool{},
	}
}

// run looks at the lanes, and sends the events of those that it gets, as long as the
// database is the same.
func (r *round) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var lanes sync.WaitGroup
	defer lanes.Wait()
	defer cancel()
	for ctx.Err() == nil {
		if err := r.look(ctx, &lanes); errors.Is(err, delivery.ErrOtherServer) {
			return
		}
		wait(ctx, breaker.Jitter(r.pace.look, r.chance()))
	}
}

func (r *round) look(ctx context.Context, lanes *sync.WaitGroup) error {
	secret := r.kind.Ready()
	if _, ca := trusted(r.kind.SecretDir()); secret == nil {
		secret = ca
	}
	r.mu.Lock()
	gone := r.gone
	r.mu.Unlock()
	view, err := r.store.Look(ctx, secret == nil && !gone)
	if ctx.Err() != nil || errors.Is(err, delivery.ErrOtherServer) {
		return err
	}
	if err != nil {
		if r.told.database(err) {
			r.options.Log.Error(err, "Events to send can't be read; it is tried again by itself", "receiver", r.kind.Name())
		}
		return err
	}
	r.mu.Lock()
	r.database, r.target = view.Database, view.Target
	for _, lane := range view.Taken {
		if r.held[lane.Number] {
			continue // its lease had ended, and it is ours again
		}
		r.held[lane.Number] = true
		lanes.Go(func() { r.serve(ctx, lane) })
	}
	held := len(r.held)
	r.mu.Unlock()
	r.told.held(held)
	r.told.looked(view)
	switch {
	case view.Stopped:
		r.told.fail(gone410, 410)
	case errors.Is(secret, delivery.ErrNoSecret):
		r.told.fail(noSecret, 0)
	case secret != nil:
		if r.told.fail(badSecret, 0) {
			r.options.Log.Error(secret, "The Secret of a receiver of events can't be used; correct it, and events are sent", "receiver", r.kind.Name())
		}
	default:
		r.told.mended(noSecret, badSecret, gone410)
	}
	return nil
}

// leave ends a lane.
func (r *round) leave(lane int) {
	r.mu.Lock()
	delete(r.held, lane)
	n := len(r.held)
	r.mu.Unlock()
	r.told.held(n)
}

// taken counts a request that the receiver took.
func (r *round) taken(events int) {
	r.told.delivered(events)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delivered++
}

func (r *round) takenSoFar() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.delivered
}

// leaveAlone keeps all lanes from asking the receiver for a while.
func (r *round) leaveAlone(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until := time.Now().Add(d); until.After(r.notBefore) {
		r.notBefore = until
	}
}

func (r *round) pause() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.notBefore)
}

func (r *round) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone
}

func (r *round) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
}

// post sends events, and notes what came of it.
func (r *round) post(ctx context.Context, events []delivery.Event) (delivery.Answer, error) {
	r.mu.Lock()
	source := outbox.SourceOf(r.database, r.target)
	r.mu.Unlock()
	request, err := r.task.Request(source, events)
	if err != nil {
		return delivery.Answer{}, err
	}
	began := time.Now()
	a, err := r.client.post(ctx, request, func(status int) delivery.Meaning { return r.kind.Meaning(status, len(events)) })
	if err != nil || ctx.Err() != nil {
		return a, errors.Join(err, ctx.Err())
	}
	r.told.asked(a, time.Since(began))
	if a.After > 0 {
		r.leaveAlone(a.After)
	}
	return a, nil
}

// wait for d or the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
