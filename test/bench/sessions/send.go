package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/bench/viewing"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// mark is when a position was sent, or written.
type mark struct {
	at       time.Time
	position float64
}

// report is an update as the API takes it.
type report struct {
	UserID      string  `json:"userId"`
	CourseID    string  `json:"courseId"`
	LessonID    string  `json:"lessonId"`
	CurrentTime float64 `json:"currentTime,omitempty"`
	Duration    float64 `json:"duration,omitempty"`
	SeekEvents  int64   `json:"seekEvents,omitempty"`
	PauseEvents int64   `json:"pauseEvents,omitempty"`
	Completed   bool    `json:"completed,omitempty"`
	Leaving     bool    `json:"leaving,omitempty"`
	OccurredAt  string  `json:"occurredAt"`
}

// reportOf is an update that happened at a moment. Which of two is the later one counts,
// and not which of two connections is the faster. Two may be less than a millisecond apart.
func reportOf(u *progress.Update, at time.Time) report {
	return report{
		u.UserID, u.CourseID, u.LessonID, u.CurrentTime.Value, u.Duration.Value, u.SeekEvents, u.PauseEvents, u.Completed, u.Leaving,
		at.UTC().Format(time.RFC3339Nano),
	}
}

// sending is an update that is due.
type sending struct {
	update *progress.Update
	at     time.Time
}

// workers send at once.
const workers = 16

// send sends the updates of all sessions at their moments. It returns those that have a
// position, by key and in order.
func send(ctx context.Context, s *sidecar.Sidecar, sessions []viewing.Session) (map[progress.Key][]mark, error) {
	var moments []viewing.Moment
	for i := range sessions {
		moments = append(moments, sessions[i].Moments...)
	}
	slices.SortStableFunc(moments, func(a, b viewing.Moment) int { return cmp.Compare(a.At, b.At) })
	began := time.Now()
	var mu sync.Mutex
	all := map[progress.Key][]mark{}
	group, ctx := errgroup.WithContext(ctx)
	due := make(chan sending)
	group.Go(func() error {
		defer close(due)
		for i := range moments {
			m := &moments[i]
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Until(began.Add(m.At))):
			}
			now := time.Now()
			if u := &m.Update; u.CurrentTime.Set {
				mu.Lock()
				all[u.Key] = append(all[u.Key], mark{now, u.CurrentTime.Value})
				mu.Unlock()
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case due <- sending{&m.Update, now}:
			}
		}
		return nil
	})
	for range workers {
		group.Go(func() error {
			for one := range due {
				body, err := json.Marshal(reportOf(one.update, one.at))
				if err != nil {
					return fmt.Errorf("writing an update: %w", err)
				}
				if err := s.Post(ctx, "/v1/progress", string(body)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all, group.Wait()
}

// drained waits until the sidecar has written all that it accepted.
func drained(ctx context.Context, s *sidecar.Sidecar) error {
	const patience = 15 * time.Minute // more than the longest interval
	return wait.Every(ctx, time.Second, patience, "the sidecar has written all", func(ctx context.Context) error {
		var document status.Document
		if err := s.Document(ctx, &document); err != nil {
			return err
		}
		if n := document.Sync.PendingRecords + document.Sync.InFlightRecords; n > 0 {
			return fmt.Errorf("%d records wait", n)
		}
		return nil
	})
}
