package recent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/stats"
)

// asked counts queries, each of which takes a second.
type asked struct {
	mu      sync.Mutex
	queries int
	at      int // at the moment
	most    int // at once
	err     error
}

func (a *asked) ask(ctx context.Context, courseID string) ([]stats.CourseLesson, error) {
	a.mu.Lock()
	a.queries++
	a.at++
	a.most = max(a.most, a.at)
	err := a.err
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.at--
		a.mu.Unlock()
	}()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return []stats.CourseLesson{{LessonID: courseID}}, err
}

func (a *asked) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// pass lets a time pass, in a bubble of synctest.
func pass(d time.Duration) { <-time.After(d) }

func TestManyWhoAskAtOnceCostOneQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{}
		c := New(a.ask, time.Now)
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				course := fmt.Sprint(i % 3)
				got, err := c.Get(t.Context(), course)
				if err != nil || got.Lessons[0].LessonID != course {
					t.Errorf("course %s: %+v, %v", course, got, err)
				}
			})
		}
		wg.Wait()
		if a.queries != 3 || a.most != 1 {
			t.Errorf("%d queries, %d at once", a.queries, a.most)
		}
	})
}

func TestAnAnswerIsGivenOnceMoreWhileTheNextIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{}
		c := New(a.ask, time.Now)
		defer c.Close()
		get := func(name string, queries int, age, waits time.Duration) {
			t.Helper()
			synctest.Wait()
			began := time.Now()
			got, err := c.Get(t.Context(), "c")
			if err != nil || len(got.Lessons) != 1 {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
			if waited := time.Since(began); waited != waits || time.Since(got.AsOf) != age {
				t.Errorf("%s: after %s, %s old", name, waited, time.Since(got.AsOf))
			}
			synctest.Wait()
			if a.queries != queries {
				t.Errorf("%s: %d queries", name, a.queries)
			}
		}
		get("the first", 1, time.Second, time.Second)
		pass(FreshFor - time.Second - 1)
		get("while it is fresh", 1, FreshFor-1, 0)
		pass(1)
		get("when it no longer is", 2, FreshFor, 0)
		get("who comes next", 2, FreshFor, 0)
		pass(time.Second)
		get("when the next is there", 2, time.Second, 0)
		a.fail(errors.New("away"))
		pass(FreshFor - time.Second)
		get("the database is away", 3, FreshFor, 0)
		pass(2 * time.Second)
		get("just after it failed", 3, FreshFor+2*time.Second, 0)
		pass(FreshFor)
		get("a while after it failed", 4, 2*FreshFor+2*time.Second, 0)
		pass(KeptFor)
		if _, err := c.Get(t.Context(), "c"); err == nil {
			t.Error("an answer is given for longer than it is kept")
		}
		a.fail(nil)
		get("when the database is back", 6, time.Second, time.Second)
	})
}

// What is too old to be given is waited for where it is on its way, not asked for twice.
func TestTheNextAnswerIsWaitedForWhenTheLastIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{}
		c := New(a.ask, time.Now)
		defer c.Close()
		if _, err := c.Get(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		pass(KeptFor - time.Second - 1)
		if _, err := c.Get(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		pass(1)
		if got, err := c.Get(t.Context(), "c"); err != nil || time.Since(got.AsOf) != time.Second || a.queries != 2 {
			t.Errorf("%d queries, %+v, %v", a.queries, got, err)
		}
	})
}

func TestWhatNobodyWaitsForEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{}
		c := New(a.ask, time.Now)
		for range 2 {
			if _, err := c.Get(t.Context(), "c"); err != nil {
				t.Fatal(err)
			}
			pass(FreshFor)
		}
		began := time.Now()
		if c.Close(); a.at != 0 || time.Since(began) > 0 {
			t.Errorf("%d queries run after %s", a.at, time.Since(began))
		}
	})
}

func TestAFailureIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{err: errors.New("away")}
		c := New(a.ask, time.Now)
		if _, err := c.Get(t.Context(), "c"); err == nil {
			t.Error("no error")
		}
		a.err = nil
		if _, err := c.Get(t.Context(), "c"); err != nil || a.queries != 2 {
			t.Errorf("after %d queries: %v", a.queries, err)
		}
	})
}

// Otherwise a browser tab that is closed fails the reports of others.
func TestWhoGoesAwayTakesNoAnswerFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{}
		c := New(a.ask, time.Now)
		gone, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Get(gone, "c"); !errors.Is(err, context.Canceled) {
				t.Errorf("who is gone: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got, err := c.Get(t.Context(), "c"); err != nil || len(got.Lessons) != 1 {
				t.Errorf("who stays: %+v, %v", got, err)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()
	})
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	lessons, now := stats.MaxLessons, time.Now()
	c := New(func(context.Context, string) ([]stats.CourseLesson, error) {
		return make([]stats.CourseLesson, lessons), nil
	}, func() time.Time { return now })
	for i := range 100 {
		if _, err := c.Get(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Millisecond)
	}
	if len(c.answers) != 1 || c.cost > maxCost {
		t.Errorf("%d answers at a cost of %d", len(c.answers), c.cost)
	}
	lessons = 0
	for i := range 2000 {
		if _, err := c.Get(t.Context(), fmt.Sprint("empty", i)); err != nil {
			t.Fatal(err)
		}
	}
	if c.cost > maxCost || len(c.answers) > maxCost/entryCost {
		t.Errorf("%d answers of nothing at a cost of %d", len(c.answers), c.cost)
	}
}
