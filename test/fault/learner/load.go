package learner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Options of a load.
type Options struct {
	// Addresses of the sidecars' write API. Every learner reports to all.
	Addresses []string
	// Seed decides what is reported, in which portions and to whom.
	Seed uint64
	// Course of all updates, so that two loads share no key.
	Course string
	// Senders report at the same time; every second one is persistent.
	Senders int
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

// ReachLanes reports a few fresh keys to one sidecar, as many as to reach each of its
// lanes, and returns when they are acknowledged.
func (l *Load) ReachLanes(ctx context.Context, sidecar, round int) error {
	s := &sender{load: l, index: l.options.Senders + sidecar, sent: round * freshKeys, persistent: true,
		random: rand.New(rand.NewPCG(l.options.Seed, uint64(round)))}
	i := 0
	entries := s.updates(freshKeys, func() truth.Key {
		i++
		return truth.Key{UserID: fmt.Sprintf("fresh %d", i), CourseID: l.options.Course, LessonID: fmt.Sprintf("%d of %d", round, sidecar)}
	})
	return s.deliver(ctx, sidecar, entries)
}

const freshKeys = 16
