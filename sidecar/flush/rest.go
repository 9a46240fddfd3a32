package flush

import (
	"context"
	"time"
)

// rest waits for work. It returns false when ctx ends.
func (l *lane) rest(ctx context.Context) bool {
	for ctx.Err() == nil {
		renewed, changed := l.f.session.renewal(), l.f.gate.change()
		if c, valid := l.f.session.peek(); valid {
			l.follow(c)
		}
		wait := l.wait(time.Now())
		if wait <= 0 {
			return true
		}
		l.sleep(ctx, wait, renewed, changed)
	}
	return false
}

// wait is how long the lane has nothing to do if nothing changes.
func (l *lane) wait(now time.Time) time.Duration {
	frozen := l.f.buffer.Frozen(l.index)
	written, _ := l.f.gate.witness()
	if l.doubts.keep(frozen); len(l.doubts.refused) == 0 {
		l.f.gate.undoubted(l.index)
	}
	fresh := l.doubts.fresh(frozen, written)
	if len(fresh) > 0 || l.doubts.against() || l.epoch > 0 && l.compare(frozen) != moveOn {
		return 0
	}
	wait := l.lookDue(now)
	if len(frozen) > 0 {
		wait = l.f.gate.probeWait(l.index, now)
	}
	if due, ok := l.f.buffer.NextDue(l.index); ok {
		// What is due at once is due as of this call, which is after now.
		wait = min(wait, time.Until(due))
	}
	return wait
}

func (l *lane) sleep(ctx context.Context, d time.Duration, renewed, changed <-chan struct{}) {
	var due <-chan time.Time
	if d < forever {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-renewed:
	case <-changed:
	case <-l.f.buffer.Wake(l.index):
	case <-due:
	}
}
