// Package recent keeps what the database said of courses for some seconds, so that a
// page that many open costs one query.
//
// In come the ids of courses; out goes the answer of the database, or the last one while
// it is young, with the moment that it is of. One query runs at a time, and those who
// ask for the same course wait for the same one. What is kept is bounded (promise 4),
// and a failure is not kept.
package recent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/stats"
)

const (
	// KeptFor is how old an answer may be.
	KeptFor = 10 * time.Second
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

	mu      sync.Mutex
	answers map[string]*answer
	cost    int
}

// answer is one that is there when done is closed.
type answer struct {
	done   chan struct{}
	course stats.CourseLessons
	err    error
	cost   int
}

// New keeps nothing yet.
func New(ask Ask, now func() time.Time) *Courses {
	return &Courses{ask: ask, now: now, turn: make(chan struct{}, 1), answers: map[string]*answer{}}
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

// take returns the answer that is young or on its way, or a new one for the caller to
// fill.
func (c *Courses) take(courseID string) (a *answer, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.answers[courseID]; ok && !c.old(a) {
		return a, false
	}
	c.forget(courseID)
	a = &answer{done: make(chan struct{})}
	c.answers[courseID] = a
	return a, true
}

// old reports whether an answer has come and is not to be given any more.
func (c *Courses) old(a *answer) bool {
	select {
	case <-a.done:
		return c.now().Sub(a.course.AsOf) >= KeptFor
	default:
		return false
	}
}

func (c *Courses) fill(ctx context.Context, courseID string, a *answer) {
	defer close(a.done)
	select {
	case c.turn <- struct{}{}:
		a.course.AsOf = c.now()
		a.course.Lessons, a.err = c.ask(ctx, courseID)
		<-c.turn
	case <-ctx.Done():
		a.err = ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.err != nil {
		delete(c.answers, courseID)
		return
	}
	a.cost = entryCost + len(a.course.Lessons)
	c.cost += a.cost
	c.makeRoom(a)
}

// makeRoom forgets what is old, and then the oldest, but for the newest answer.
func (c *Courses) makeRoom(newest *answer) {
	for id, a := range c.answers {
		if a != newest && c.old(a) {
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
