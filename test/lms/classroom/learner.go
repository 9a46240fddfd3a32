package classroom

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/truth"
)

const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = time.Second
)

type learner struct {
	class *Classroom
	pace  Pace
	first time.Duration
	stop  chan struct{}

	// state belongs to watch until stopped is closed.
	state   player.State
	stopped chan struct{}
	// unrecorded is the outcome of the last attempt, which goes into the account
	// together with the announcement of the next.
	unrecorded []truth.Entry
}

// watch plays until stop is closed or the account can't be kept any more: what
// is not in the account must not be sent.
func (l *learner) watch(ctx context.Context) {
	defer close(l.stopped)
	err := l.play(ctx)
	if err == nil {
		err = l.class.options.Recorder.Record(ctx, l.unrecorded...)
	}
	if err != nil {
		l.class.tally.failed(fmt.Errorf("learner %s: %w", l.state.Learner, err))
	}
}

func (l *learner) play(ctx context.Context) error {
	beat := l.pace.Heartbeat()
	next := time.Now().Add(l.first)
	for l.wait(ctx, time.Until(next)) {
		step := l.state.Next(l.pace.Syllabus, time.Now())
		delivered, err := l.deliver(ctx, step.Update)
		if err != nil || !delivered {
			return err
		}
		if step.Ended {
			l.class.tally.lessonEnded()
			l.state.NextLesson(l.pace.Syllabus)
		}
		next = next.Add(time.Duration(step.Wait * float64(beat)))
		if now := time.Now(); next.Before(now) {
			next = now // the player stood still meanwhile, nothing is caught up
		}
	}
	return nil
}

// deliver sends an update until it is acknowledged or refused for good. Each
// attempt is an update of its own in the account. It is false if the learner
// was stopped before.
func (l *learner) deliver(ctx context.Context, update truth.Update) (bool, error) {
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		id := fmt.Sprintf("%s/%s/%d", l.class.options.Name, l.state.Learner, l.state.Sent)
		sent := update
		if err := l.class.options.Recorder.Record(ctx, append(l.unrecorded, truth.Entry{ID: id, Update: &sent})...); err != nil {
			return false, err
		}
		attempt, cancel := context.WithTimeout(ctx, l.class.options.Timeout)
		answer := l.class.options.Sender.Send(attempt, sent)
		cancel()
		l.unrecorded = []truth.Entry{{ID: id, Outcome: answer.Outcome}}
		l.class.tally.count(answer)
		if !answer.Again {
			return true, nil
		}
		if !l.wait(ctx, max(backoff, answer.RetryAfter)) {
			return false, nil
		}
		l.state.Stamp(&update, time.Now())
	}
}

func (l *learner) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.stop:
		return false
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	// Both may be ready, and then select picks any.
	select {
	case <-l.stop:
		return false
	default:
		return true
	}
}
