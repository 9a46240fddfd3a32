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

func TestAnAnswerIsGivenWhileItIsYoung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, now := &asked{}, time.Now()
		c := New(a.ask, func() time.Time { return now })
		first, _ := c.Get(t.Context(), "c")
		now = now.Add(KeptFor - 1)
		if again, _ := c.Get(t.Context(), "c"); a.queries != 1 || !again.AsOf.Equal(first.AsOf) {
			t.Errorf("%d queries before it is old", a.queries)
		}
		now = now.Add(1)
		if again, _ := c.Get(t.Context(), "c"); a.queries != 2 || !again.AsOf.After(first.AsOf) {
			t.Errorf("%d queries when it is old", a.queries)
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
