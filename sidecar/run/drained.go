package run

import (
	"context"
	"errors"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// drained is what a drain has come to: of the records, and of the erasures that
// were answered before the database had done them.
func (s *sidecar) drained(remaining int, err, erasing error) string {
	document := s.state.Document()
	e := status.Ending{
		Accepted: document.Counters.UpdatesAccepted, DeadLetters: document.DeadLetters.Count, Records: int64(remaining),
	}
	if remaining > 0 || err != nil {
		e.Reason = drainReason(err)
	}
	var undone *flush.ErasuresError
	switch {
	case errors.As(erasing, &undone):
		e.Erasures, e.ErasureReason = int64(undone.Left), undone.Failure.Message
	case erasing != nil:
		e.Reason = drainReason(erasing)
	}
	if e.Saved() {
		s.log.Info("Drained", "accepted", e.Accepted, "deadLetters", e.DeadLetters)
	} else {
		s.log.Info("Not drained", "records", e.Records, "reason", e.Reason, "erasures", e.Erasures, "erasureReason", e.ErasureReason)
	}
	if !e.Saved() || e.DeadLetters > 0 {
		e.Spool = s.options.Spool
	}
	return e.String()
}

func drainReason(err error) string {
	var notSaved *flush.NotSavedError
	switch {
	case errors.As(err, &notSaved):
		return notSaved.Failure.Message
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return err.Error()
	default:
		return "the grace period is over"
	}
}
