package hop

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Link is one peer as this process hands on to it. It has one batch under way at a
// time, and numbers them under a sender of its own.
type Link struct {
	o       *Options
	workers *workers
	conn    *connection
	sender  wire.Sender
	calls   *sync.Pool // of *call

	mu      sync.Mutex
	breaker breaker
	waiting []*call
	sending bool // a goroutine takes what waits
	number  uint64
}

func newLink(o *Options, workers *workers, peer Peer) *Link {
	l := &Link{o: o, workers: workers, conn: newConnection(o, workers, peer), calls: newCalls()}
	_, _ = rand.Read(l.sender[:]) // which never fails
	return l
}

// Put hands updates on, and returns a result for each once the home has them on its
// disk. After an error, the results are those of the first updates, and the error
// tells of the others: ErrUnreachable, ErrInDoubt, or buffer.ErrNoSpace, with which
// the home has nothing of them. ctx is only asked before something is sent: that can't
// be called back.
func (l *Link) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	results, err := l.handOn(ctx, wire.Updates, len(updates), func(c *call, i int) {
		c.encoded = wire.AppendUpdate(c.encoded, &updates[i])
		if h, has := wire.HintOf(c.count, &updates[i]); has {
			c.hints = append(c.hints, h)
		}
		if s, has := wire.SeenIn(c.count, &updates[i]); has {
			c.seen = append(c.seen, s)
		}
	})
	for i := range results {
		results[i].Record.Key, results[i].Elsewhere = updates[i].Key, true
	}
	return results, err
}

// Reset hands resets on, as Put does updates.
func (l *Link) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	results, err := l.handOn(ctx, wire.Resets, len(keys), func(c *call, i int) {
		c.encoded = wire.AppendReset(c.encoded, keys[i])
	})
	for i := range results {
		results[i].Record.Key, results[i].Elsewhere = keys[i], true
	}
	return results, err
}

// AwayFor is for how long the peer has not been reached, 0 if it was at the last try.
func (l *Link) AwayFor() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.breaker.openFor(time.Now())
}

// handOn hands count items on, each of which encode writes into a call behind those
// that it has.
func (l *Link) handOn(ctx context.Context, kind wire.Kind, count int, encode func(c *call, i int)) ([]buffer.Result, error) {
	var all []buffer.Result
	for done := 0; done < count; {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		c := l.calls.Get().(*call)
		*c = call{kind: kind, encoded: c.encoded[:0], hints: c.hints[:0], seen: c.seen[:0], done: c.done}
		for ; done < count && !c.isFull(); done++ {
			encode(c, done)
			c.count++
		}
		if !l.enqueue(c) {
			return all, unreachable(ReasonBreaker, nil)
		}
		<-c.done
		results, err := c.results, c.err
		c.results, c.err = nil, nil // the pool keeps no records
		l.calls.Put(c)
		if err != nil {
			return all, err
		}
		if all == nil {
			all = results // the only one, nearly always
		} else {
			all = append(all, results...)
		}
	}
	return all, nil
}

// enqueue lets a call wait for its request, unless the breaker is open.
func (l *Link) enqueue(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.askLocked() {
		return false
	}
	l.waiting = append(l.waiting, c)
	if l.sending {
		return true
	}
	if l.sending = l.workers.start(l.send); !l.sending {
		share(l.waiting, nil, unreachable(ReasonLeft, nil))
		l.waiting = nil
	}
	return true
}

// askLocked reports whether the breaker lets a call pass.
func (l *Link) askLocked() bool {
	switch l.breaker.ask(time.Now()) {
	case pass:
		return true
	case probe:
		l.workers.start(l.probe)
	case refuse:
	}
	return false
}

// probe finds out whether the peer can be reached again.
func (l *Link) probe(ctx context.Context) {
	conn, err := l.conn.reserve(ctx, 0)
	if err == nil {
		conn.Release()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.breaker.probed()
		return
	}
	l.breaker.failed(time.Now(), l.o.Times)
	l.tellMissed()
}

// tellMissed tells who wants to know that the peer was not reached.
func (l *Link) tellMissed() {
	if l.o.Missed != nil {
		l.o.Missed()
	}
}

// note tells the breaker how a whole request to the peer ended.
func (l *Link) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(err)
	if l.breaker.failures > 0 {
		l.tellMissed()
	}
}

func (l *Link) noteLocked(err error) {
	var refused *refusal
	switch {
	case err == nil, errors.Is(err, buffer.ErrNoSpace), errors.As(err, &refused) && refused.passes():
		l.breaker.succeeded()
	case errors.Is(err, errBusy), errors.Is(err, context.Canceled):
		l.breaker.undecided()
	default:
		l.breaker.failed(time.Now(), l.o.Times)
	}
}

// send sends one batch after the other until nothing waits.
func (l *Link) send(ctx context.Context) {
	for {
		calls, number := l.next()
		if calls == nil {
			return
		}
		began := time.Now()
		b := write(calls, l.sender, number)
		results, attempts, err := l.deliver(ctx, b)
		l.conclude(err)
		share(calls, results, err)
		if l.o.Observe != nil {
			l.o.Observe(Exchange{Peer: l.conn.id, Items: b.items, Attempts: attempts, Took: time.Since(began), Err: err})
		}
	}
}

// next takes what goes into the next request, nil if nothing waits.
func (l *Link) next() (calls []*call, number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.sending = false
		return nil, 0
	}
	calls, l.waiting = gather(l.waiting)
	l.number++
	return calls, l.number
}

// conclude tells the breaker how a batch ended. If that is open, it ends the calls
// that wait, so that they don't wait for a peer that has just failed.
func (l *Link) conclude(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteLocked(err)
	if l.breaker.failures > 0 {
		share(l.waiting, nil, unreachable(ReasonBreaker, err))
		l.waiting = nil
	}
}
