// Package recent keeps what the database said of courses for a minute, so that a page
// that many open costs one query and nobody who comes back waits for it.
//
// In come the ids of courses; out goes the answer of the database, or the last one, with
// the moment that it is of. One that is older than some seconds is given once more while
// the next is on its way. One query runs at a time, and those who ask for the same
// course wait for the same one. What is kept is bounded (promise 4), and a failure is
// not kept.
package recent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/stats"
)

const (
	// FreshFor is how old an answer may be before the database is asked again.
	FreshFor = 10 * time.Second
	// KeptFor is how old an answer may be that is given meanwhile.
	KeptFor = time.Minute
	// maxCost is of all answers that are kept: a lesson costs 1, an answer entryCost.
	// A lesson takes about 300 bytes.
	maxCost   = 20_000
	entryCost = 20
)

// Ask asks the database for the lessons of a course.
type Ask func(ctx context.Context, courseID string) ([]stats.CourseLesson, error)

// Courses keeps answers.
type Courses struct {
	ask  Ask
	now  func() time.Time
	turn chan struct{} // has room for who asks the database

	// asking has who asks on nobody's behalf; end ends that.
	asking sync.WaitGroup

	mu      sync.Mutex
	answers map[string]*answer
	cost    int
	end     context.CancelFunc
	closed  bool
}

// answer is one that is there when done is closed.
type answer struct {
	done   chan struct{}
	course stats.CourseLessons
	err    error
	cost   int
	// next is on its way, in place of this one.
	next *answer
	// tried is when the last next was asked for.
	tried time.Time
}

// New keeps nothing yet.
func New(ask Ask, now func() time.Time) *Courses {
	return &Courses{ask: ask, now: now, turn: make(chan struct{}, 1), answers: map[string]*answer{}, end: func() {}}
}

// Close ends the query that nobody waits for. Nobody may ask any more.
func (c *Courses) Close() {
	c.mu.Lock()
	c.closed = true
	c.end()
	c.mu.Unlock()
	c.asking.Wait()
}

// Get returns what the database says of a course, or said up to KeptFor ago.
func (c *Courses) Get(ctx context.Context, courseID string) (stats.CourseLessons, error) {
	for {
		a, mine := c.take(courseID)
		if mine {
			c.fill(ctx, courseID, a)
			return a.course, a.err
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return stats.CourseLessons{}, ctx.Err()
		}
		if a.err == nil {
			return a.course, nil
		}
		// Who asked may have gone away, which says nothing of the database.
		if ctx.Err() != nil {
			return stats.CourseLessons{}, ctx.Err()
		}
		if !canceled(a.err) {
			return stats.CourseLessons{}, a.err
		}
	}
}

// take returns the answer that is kept or on its way, or a new one for the caller to
// fill.
func (c *Courses) take(courseID string) (a *answer, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.answers[courseID]; ok {
		switch age := c.age(a); {
		case age < FreshFor:
			return a, false
		case age < KeptFor:
			c.askAgain(courseID, a)
			return a, false
		case a.next != nil:
			return a.next, false
		}
	}
	c.forget(courseID)
	a = &answer{done: make(chan struct{})}
	c.answers[courseID] = a
	return a, true
}

// age of an answer, 0 while it is on its way.
func (c *Courses) age(a *answer) time.Duration {
	select {
	case <-a.done:
		return c.now().Sub(a.course.AsOf)
	default:
		return 0
	}
}

// askAgain asks for the answer after a, unless the database is being asked, by whomever,
// or has just failed to say.
func (c *Courses) askAgain(courseID string, a *answer) {
	if a.next != nil || c.now().Sub(a.tried) < FreshFor || c.closed {
		return
	}
	select {
	case c.turn <- struct{}{}:
	default:
		return
	}
	a.tried, a.next = c.now(), &answer{done: make(chan struct{})}
	next := a.next
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	c.asking.Go(func() {
		defer close(next.done)
		defer end()
		c.answer(ctx, courseID, next)
		c.mu.Lock()
		defer c.mu.Unlock()
		a.next = nil
		if next.err == nil && c.answers[courseID] == a {
			c.forget(courseID)
			c.answers[courseID] = next
			c.keep(next)
		}
	})
}

func (c *Courses) fill(ctx context.Context, courseID string, a *answer) {
	defer close(a.done)
	select {
	case c.turn <- struct{}{}:
		c.answer(ctx, courseID, a)
	case <-ctx.Done():
		a.err = ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.err != nil {
		delete(c.answers, courseID)
		return
	}
	c.keep(a)
}

// answer asks the database, for who has the turn, which it gives back.
func (c *Courses) answer(ctx context.Context, courseID string, a *answer) {
	defer func() { <-c.turn }()
	a.course.AsOf = c.now()
	a.course.Lessons, a.err = c.ask(ctx, courseID)
}

// keep counts an answer, and makes room for it: it forgets what is too old, and then
// the oldest.
func (c *Courses) keep(newest *answer) {
	newest.cost = entryCost + len(newest.course.Lessons)
	c.cost += newest.cost
	for id, a := range c.answers {
		if a != newest && c.age(a) >= KeptFor {
			c.forget(id)
		}
	}
	for c.cost > maxCost {
		var oldest string
		var at time.Time
		for id, a := range c.answers {
			if a != newest && a.cost > 0 && (at.IsZero() || a.course.AsOf.Before(at)) {
				oldest, at = id, a.course.AsOf
			}
		}
		if at.IsZero() {
			return
		}
		c.forget(oldest)
	}
}

func (c *Courses) forget(courseID string) {
	if a, ok := c.answers[courseID]; ok {
		c.cost -= a.cost
		delete(c.answers, courseID)
	}
}

func canceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
