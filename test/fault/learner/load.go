package learner

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Options of a load.
type Options struct {
	// Services are the addresses of the sidecars' API. Every learner reports to all; what
	// is sent again goes to any sidecar of the same service.
	Services [][]string
	// Seed decides what is reported, in which portions and to whom.
	Seed uint64
	// Course of all updates, so that two loads share no key.
	Course string
	// Senders report at the same time; every second one is persistent.
	Senders int
	// Trace is told of each request that was repeated, with its event ids; nil for nobody.
	Trace *log.Logger
	// PerSecond is how many updates are sent at most, by all senders.
	PerSecond int
}

const (
	learners = 250
	lessons  = 40
	// answerPatience is how long a client waits for an answer.
	answerPatience = 10 * time.Second
	// deliveryPatience is how long persistent senders go on after the end.
	deliveryPatience = time.Minute
	backOff          = 10 * time.Millisecond
	longestArray     = 120
)

// Load is a number of learners at work.
type Load struct {
	options Options
	account *truth.Account
	client  *http.Client
	clock   clock
	stop    context.CancelFunc
	giveUp  context.CancelFunc
	senders sync.WaitGroup

	acknowledged, repeated, abandoned atomic.Int64
	reads                             readings

	mu     sync.Mutex
	failed error
}

// Start reports progress until Finish.
func Start(options Options) *Load {
	ctx, stop := context.WithCancel(context.Background())
	delivering, giveUp := context.WithCancel(context.Background())
	l := &Load{
		options: options, account: truth.NewAccount(), stop: stop, giveUp: giveUp,
		client: &http.Client{
			Timeout:   answerPatience,
			Transport: &http.Transport{MaxIdleConnsPerHost: options.Senders},
		},
	}
	for i := range options.Senders {
		s := &sender{
			load: l, index: i, persistent: i%2 == 0,
			random: rand.New(rand.NewPCG(options.Seed, uint64(i))),
		}
		l.senders.Go(func() { l.fail(s.run(ctx, delivering)) })
	}
	return l
}

// Finish lets the senders end what they have begun, and returns the account,
// which is complete then. An error is an answer that no sidecar may give.
func (l *Load) Finish() (*truth.Account, error) {
	l.stop()
	defer time.AfterFunc(deliveryPatience, l.giveUp).Stop()
	l.senders.Wait()
	l.giveUp()
	l.client.CloseIdleConnections()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.account, l.failed
}

// Acknowledged is how many updates have been acknowledged.
func (l *Load) Acknowledged() int64 { return l.acknowledged.Load() }

// Repeated is how many updates were sent again under the same event id.
func (l *Load) Repeated() int64 { return l.repeated.Load() }

// Abandoned is how many requests were given up without waiting for the answer.
func (l *Load) Abandoned() int64 { return l.abandoned.Load() }

func (l *Load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = errors.Join(l.failed, err)
}

// ReachLanes reports fresh keys to one service, as many as to reach each lane of all its
// sidecars, and returns when they are acknowledged. It is called once for each. The lessons are
// completed, so that every lane of events has some that nothing holds up.
func (l *Load) ReachLanes(ctx context.Context, service int) error {
	s := &sender{load: l, index: l.options.Senders + service, persistent: true,
		random: rand.New(rand.NewPCG(l.options.Seed, uint64(service)))}
	members := l.options.Services[service]
	for range freshForEach {
		entries := s.updates(len(members), func() truth.Key {
			return truth.Key{UserID: fmt.Sprintf("fresh %d of %d", s.sent, service), CourseID: l.options.Course, LessonID: "lesson"}
		})
		for _, e := range entries {
			e.Update.Completed = true
		}
		if err := s.deliver(ctx, service, entries); err != nil {
			return err
		}
	}
	return nil
}

// freshForEach sidecar: of its 2 lanes one is missed less than once in 10,000 times.
const freshForEach = 24
