package sending

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Failures, in the words of the status.
const (
	gone410     = status.SendingGone
	noSecret    = status.SendingNoSecret
	badSecret   = status.SendingBadSecret
	unreachable = status.SendingUnreachable
	refused     = status.SendingRefused
	denied      = status.SendingDenied
	noOutbox    = status.SendingNoOutbox
	noDatabase  = status.SendingNoDatabase
)

// failureOf an answer that was not taken.
func failureOf(a delivery.Answer) string {
	switch {
	case a.Status == 0:
		return unreachable
	case a.Meaning == delivery.Denied:
		return denied
	}
	return refused
}

// reasonOf a dead letter.
func reasonOf(a delivery.Answer) string {
	if a.Status == 0 {
		return "no answer"
	}
	return "refused"
}

// outcome of a request, as a label.
func outcome(m delivery.Meaning) string {
	switch m {
	case delivery.Taken:
		return "taken"
	case delivery.Gone:
		return "gone"
	case delivery.Busy:
		return "busy"
	case delivery.Denied:
		return "denied"
	case delivery.Unreachable:
		return "unreachable"
	case delivery.Lost:
		return "no_answer"
	default:
		return "refused"
	}
}

// told is what there is to tell of sending. It observes the breaker, whose conditions are
// those of a database and tell nothing more.
type told struct {
	now func() time.Time

	mu            sync.Mutex
	status        *status.Sending // nil while there is no receiver
	delivers      int64
	requests      map[string]int64 // by outcome
	sinceStanding time.Time

	took prometheus.Histogram
}

func newTold(k Kind) *told {
	return &told{now: time.Now, requests: map[string]int64{}, took: newTook(k)}
}

func (*told) Retried()                           {}
func (*told) ConditionChanged(breaker.Condition) {}

func (t *told) off() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status = nil
}

func (t *told) on() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status, t.sinceStanding = &status.Sending{}, time.Time{}
}

func (t *told) held(lanes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status != nil {
		t.status.Held = lanes
	}
}

// looked notes how all lanes stand.
func (t *told) looked(v delivery.View) {
	t.mended(noDatabase, noOutbox)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.status
	if s == nil {
		return
	}
	switch {
	case v.Standing == 0:
		t.sinceStanding = time.Time{}
	case t.sinceStanding.IsZero():
		t.sinceStanding = t.now()
	}
	s.Standing, s.OldestSeconds, s.SetAside = v.Standing, v.Oldest.Seconds(), v.SetAside
}

// delivered counts events of a request that was taken.
func (t *told) delivered(events int) {
	t.mended(unreachable, refused, denied)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.delivers += int64(events)
}

// asked counts a request.
func (t *told) asked(a delivery.Answer, took time.Duration) {
	t.took.Observe(took.Seconds())
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests[outcome(a.Meaning)]++
}

// database notes why the outbox can't be used, and returns whether that is new.
func (t *told) database(err error) bool {
	switch postgres.Classify(err).Class {
	case postgres.SchemaMissing, postgres.NoPrivilege, postgres.SchemaTooNew, postgres.Unsupported:
		return t.fail(noOutbox, 0)
	default:
		return t.fail(noDatabase, 0)
	}
}

// fail notes a failure, and returns whether it is another one than before.
func (t *told) fail(reason string, code int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.status
	if s == nil {
		return false
	}
	if s.Failure != nil && s.Failure.Reason == reason {
		s.Failure.Status = code
		return false
	}
	s.Failure = &status.SendingFailure{Reason: reason, Status: code, Since: t.now().UTC()}
	return true
}

// mended ends a failure of some reasons.
func (t *told) mended(reasons ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.status; s != nil && s.Failure != nil && slices.Contains(reasons, s.Failure.Reason) {
		s.Failure = nil
	}
}

// Status is nil while the configuration has no such receiver.
func (s *Sender) Status() *status.Sending {
	t := s.told
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == nil {
		return nil
	}
	out := *t.status
	if out.Failure != nil {
		failure := *out.Failure
		out.Failure = &failure
	}
	if !t.sinceStanding.IsZero() {
		since := t.sinceStanding.UTC()
		out.StandingSince = &since
	}
	out.Delivered = t.delivers
	for _, n := range t.requests {
		out.Attempts += n
	}
	return &out
}
