package hop

import (
	"errors"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// A step that is wrong here doubles a learner's seconds, or loses them.
func TestWhatFollowsOnAnAttempt(t *testing.T) {
	broken := errors.New("the connection broke")
	for name, c := range map[string]struct {
		outcome  outcome
		attempts int
		inDoubt  bool
		want     step
	}{
		"results end it":                                 {outcome{answered: true, sent: true}, 1, false, deliver},
		"results end a doubt":                            {outcome{answered: true, sent: true}, 3, true, deliver},
		"no connection: the peer has nothing":            {outcome{err: broken}, 1, false, fail},
		"no connection, after it was sent once":          {outcome{err: broken}, 2, true, repeat},
		"a connection that had ended":                    {outcome{err: broken, stale: true}, 1, false, again},
		"two connections that had ended":                 {outcome{err: broken, stale: true}, 2, false, fail},
		"it may have left":                               {outcome{err: broken, sent: true}, 1, false, repeat},
		"garbage for an answer":                          {outcome{err: &wire.AnswerError{}, sent: true}, 1, false, repeat},
		"refused unread":                                 {outcome{err: &refusal{wire.RefusedStopping}}, 1, false, fail},
		"the first was perhaps read, the second refused": {outcome{err: &refusal{wire.RefusedStopping}}, 2, true, doubt},
		"the same, by one that is busy":                  {outcome{err: &refusal{wire.RefusedOverloaded}}, 2, true, repeat},
		"no space":                                       {outcome{err: buffer.ErrNoSpace, sent: true, answered: true}, 1, false, deliver},
		"no space for the second, the first may be read": {outcome{err: buffer.ErrNoSpace, sent: true, answered: true}, 2, true, repeat},
		"the buffer is closed":                           {outcome{err: buffer.ErrClosed, sent: true, answered: true}, 1, false, fail},
		"closed at the second, the first may be read":    {outcome{err: buffer.ErrClosed, sent: true, answered: true}, 2, true, repeat},
		"the disk failed, with or without the batch":     {outcome{err: buffer.ErrFailed, sent: true, answered: true}, 1, false, repeat},
		"superseded":                                     {outcome{err: wire.ErrSuperseded, sent: true, answered: true}, 2, true, doubt},
		"the peer left":                                  {outcome{err: errLeft}, 1, false, fail},
		"the peer left after it was sent":                {outcome{err: errLeft}, 2, true, doubt},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.outcome.next(c.attempts, c.inDoubt); got != c.want {
				t.Errorf("step %d follows, want %d", got, c.want)
			}
		})
	}
}

func TestARequestHasCallsOfOneKindAndNoMoreThanItMay(t *testing.T) {
	updates := func(count, bytes int) *call {
		return &call{kind: wire.Updates, count: count, encoded: make([]byte, bytes)}
	}
	reset := &call{kind: wire.Resets, count: 1, encoded: make([]byte, 10)}
	for name, c := range map[string]struct {
		waiting []*call
		want    int
	}{
		"all that waits":                  {[]*call{updates(1, 100), updates(1, 100), updates(5, 500)}, 3},
		"up to the first of another kind": {[]*call{updates(1, 100), reset, updates(1, 100)}, 1},
		"resets too":                      {[]*call{reset, reset, updates(1, 100)}, 2},
		"no more items":                   {[]*call{updates(1000, 100), updates(1000, 100), updates(1, 100)}, 2},
		"no more bytes":                   {[]*call{updates(1, maxBytes), updates(1, 1)}, 1},
		"one that is larger on its own":   {[]*call{updates(1, maxBytes+5000), updates(1, 1)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			together, rest := gather(c.waiting)
			if len(together) != c.want || len(together)+len(rest) != len(c.waiting) {
				t.Errorf("%d go together and %d wait, want %d together", len(together), len(rest), c.want)
			}
		})
	}
}
