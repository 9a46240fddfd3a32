package classroom

import (
	"context"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/lms/report"
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
	// reopening grows by pace.Reopen with each acknowledged update; at 1 the page is
	// opened again.
	reopening float64
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
		answer, delivered, err := l.deliver(ctx, step.Update)
		if err != nil || !delivered {
			return err
		}
		if answer.Outcome == truth.Acknowledged {
			l.reopen(ctx, step.Update, answer.Pod)
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
// attempt is an update of its own in the account, or with event ids the same one. It
// is false if the learner was stopped before.
func (l *learner) deliver(ctx context.Context, update truth.Update) (report.Answer, bool, error) {
	doubted := false
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		id := fmt.Sprintf("%s/%s/%d", l.class.options.Name, l.state.Learner, l.state.Sent)
		eventID := ""
		if l.pace.EventIDs {
			eventID = id
		}
		sent := update
		if err := l.class.options.Recorder.Record(ctx, append(l.unrecorded, truth.Entry{ID: id, Update: &sent})...); err != nil {
			return report.Answer{}, false, err
		}
		attempt, cancel := context.WithTimeout(ctx, l.class.options.Timeout)
		answer := l.class.options.Sender.Send(attempt, eventID, sent)
		cancel()
		outcome := answer.Outcome
		if doubted && outcome == truth.Refused {
			outcome = truth.Uncertain // an earlier attempt may have been taken
		}
		l.unrecorded = []truth.Entry{{ID: id, Outcome: outcome}}
		l.class.tally.count(answer)
		again := answer.Again || l.pace.EventIDs && answer.Outcome == truth.Uncertain
		if !again {
			return answer, true, nil
		}
		if !l.wait(ctx, max(backoff, answer.RetryAfter)) {
			return answer, false, nil
		}
		if l.pace.EventIDs {
			doubted, l.unrecorded = outcome == truth.Uncertain, nil // the outcome is that of the last attempt
		} else {
			l.state.Stamp(&update, time.Now())
		}
	}
}

// reopen opens the page of a lesson again after some of its acknowledged updates, and
// compares what it shows.
func (l *learner) reopen(ctx context.Context, update truth.Update, pod string) {
	if l.reopening += l.pace.Reopen; l.reopening < 1 {
		return
	}
	l.reopening--
	asking, cancel := context.WithTimeout(ctx, l.class.options.Timeout)
	defer cancel()
	reading, err := l.class.options.Sender.Read(asking, update.Key)
	l.class.tally.reopened(update, pod, reading, err)
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
