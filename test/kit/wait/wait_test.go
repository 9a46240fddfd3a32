package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("nobody answers")

func TestWhatHoldsAtOnceTakesNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := Until(t.Context(), time.Minute, "it is there", func(context.Context) error { return nil })
		if err != nil || time.Since(began) != 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestTheConditionIsAskedUntilItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, asked := time.Now(), 0
		err := Until(t.Context(), time.Minute, "it is there", func(context.Context) error {
			asked++
			return Unless(time.Since(began) >= time.Second, "not yet")
		})
		// Soon at first, then ten times a second.
		if err != nil || time.Since(began) > time.Second+longestPause || asked < 10 || asked > 20 {
			t.Errorf("%v after %s and %d questions", err, time.Since(began), asked)
		}
	})
}

func TestWhoWaitedInVainIsToldWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := Until(t.Context(), time.Minute, "the server is ready", func(ctx context.Context) error {
			if ctx.Err() != nil {
				return ctx.Err() // as a request that is cut off says it
			}
			return errAway
		})
		if !errors.Is(err, errAway) || !errors.Is(err, context.DeadlineExceeded) ||
			err.Error() != "the server is ready: not within 1m0s; last seen: nobody answers" || time.Since(began) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := Until(ctx, time.Minute, "the server is ready", func(context.Context) error { cancel(); return errAway })
		if !errors.Is(err, context.Canceled) || !errors.Is(err, errAway) || errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestAReasonThatIsPermanentEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := Every(t.Context(), time.Second, time.Minute, "the server is ready", func(context.Context) error { return Permanent(errAway) })
		if !errors.Is(err, errAway) || err.Error() != "the server is ready: nobody answers" || time.Since(began) != 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestEveryAsksAtItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		err := Every(t.Context(), time.Second, 10500*time.Millisecond, "never", func(context.Context) error { asked++; return errAway })
		if err == nil || asked != 11 {
			t.Errorf("%d questions, %v", asked, err)
		}
	})
}

func TestUnlessTellsWhatWasSeen(t *testing.T) {
	if err := Unless(true, "x"); err != nil {
		t.Error(err)
	}
	if err := Unless(false, struct{ Rows int }{3}); err == nil || err.Error() != "{Rows:3}" {
		t.Error(err)
	}
}
