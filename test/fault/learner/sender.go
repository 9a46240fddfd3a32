package learner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// sender reports for many learners, one request at a time.
type sender struct {
	load       *Load
	index      int
	persistent bool
	random     *rand.Rand
	sent       int
}

// run begins requests until ctx ends; delivering is for those that have begun.
func (s *sender) run(ctx, delivering context.Context) error {
	pace := time.Second * time.Duration(s.load.options.Senders) / time.Duration(s.load.options.PerSecond)
	next := time.Now()
	for ctx.Err() == nil {
		n := 1
		if s.random.IntN(3) > 0 {
			n = 2 + s.random.IntN(longestArray-1)
		}
		entries := s.updates(n, s.key)
		service := s.random.IntN(len(s.load.options.Services))
		if err := s.deliver(delivering, service, entries); err != nil {
			return err
		}
		if s.random.IntN(hinting) == 0 {
			s.leave(delivering, s.anyOf(service), entries[len(entries)-1])
		}
		if s.persistent && s.random.IntN(readEvery) == 0 {
			if err := s.readBack(delivering, service); err != nil {
				return err
			}
		}
		// A sender that was held up does not make up for it at once.
		next = next.Add(time.Duration(n) * pace)
		if now := time.Now(); next.Before(now.Add(-time.Second)) {
			next = now.Add(-time.Second)
		}
		sleep(ctx, time.Until(next))
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// key is one of a few busy ones, on which the sidecars meet, for persistent
// senders; the others spread, so that few uncertain updates fall on one key.
func (s *sender) key() truth.Key {
	k := truth.Key{CourseID: s.load.options.Course}
	if s.persistent && s.random.IntN(4) == 0 {
		k.UserID, k.LessonID = fmt.Sprintf("busy %d", s.random.IntN(10)), fmt.Sprintf("lesson %d", s.random.IntN(3))
		return k
	}
	k.UserID, k.LessonID = fmt.Sprintf("learner %d", s.random.IntN(learners)), fmt.Sprintf("lesson %d", s.random.IntN(lessons))
	return k
}

// updates have sums that nobody else's have, so that each that is lost or
// doubled shows.
func (s *sender) updates(n int, key func() truth.Key) []truth.Entry {
	entries := make([]truth.Entry, n)
	for i, at := range s.load.clock.next(n) {
		s.sent++
		duration := 600.0
		delta := float64(s.random.IntN(1e6)) / 1e5
		position := s.number(560)
		u := &truth.Update{
			Key: key(), CurrentTime: position, Duration: &duration,
			WatchedDelta: &delta, WatchedDuration: s.number(1000), WatchedSegments: [][2]float64{{*position, *position + delta}},
			SeekEvents: s.random.Int64N(1000), PauseEvents: s.random.Int64N(1000),
			Completed: s.random.IntN(500) == 0, OccurredAt: at,
		}
		if s.random.IntN(3) == 0 {
			u.PlaybackSpeed, u.ModuleID = s.number(2), fmt.Sprintf("module %d", s.random.IntN(5))
		}
		entries[i] = truth.Entry{ID: fmt.Sprintf("%d-%d", s.index, s.sent), Update: u}
	}
	return entries
}

func (s *sender) number(most float64) *float64 {
	n := s.random.Float64() * most
	return &n
}

// deliver sends entries to any sidecar of a service, and those of a persistent sender
// again and again, to any other, until they are acknowledged.
func (s *sender) deliver(ctx context.Context, service int, entries []truth.Entry) error {
	if err := s.load.account.Record(entries...); err != nil {
		return err
	}
	for try := 1; ; try++ {
		address := s.anyOf(service)
		outcomes, err := s.send(ctx, address, entries)
		if err != nil {
			return err
		}
		s.trace(try, address, entries, outcomes)
		var left []truth.Entry
		for i, e := range entries {
			if outcomes[i] != truth.Acknowledged && s.persistent {
				left = append(left, e)
				continue
			}
			if err := s.load.account.Record(truth.Entry{ID: e.ID, Outcome: outcomes[i]}); err != nil {
				return err
			}
			if outcomes[i] == truth.Acknowledged {
				s.load.acknowledged.Add(1)
			}
		}
		if len(left) == len(entries) || !s.persistent && outcomes[0] != truth.Acknowledged {
			sleep(ctx, backOff)
		}
		if len(left) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%d updates are not acknowledged: %w", len(left), err)
		}
		s.load.repeated.Add(int64(len(left)))
		entries = left
	}
}

// anyOf a service's sidecars, by its address.
func (s *sender) anyOf(service int) string {
	addresses := s.load.options.Services[service]
	return addresses[s.random.IntN(len(addresses))]
}

// trace tells what became of updates that are sent several times.
func (s *sender) trace(try int, address string, entries []truth.Entry, outcomes []truth.Outcome) {
	if s.load.options.Trace == nil || !s.persistent {
		return
	}
	counts := map[truth.Outcome]int{}
	for _, o := range outcomes {
		counts[o]++
	}
	if try == 1 && counts[truth.Acknowledged] == len(entries) {
		return
	}
	s.load.options.Trace.Printf("%s: try %d of %d updates, %s to %s, by %s: %v",
		s.load.options.Course, try, len(entries), entries[0].ID, entries[len(entries)-1].ID, address, counts)
}
