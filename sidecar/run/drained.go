package run

import "fmt"

// drainResult is what a drain has come to.
type drainResult struct {
	accepted, deadLetters int64
	// records and erasures that stay in the spool, and why.
	records, erasures     int
	reason, erasureReason string
	spool                 string
}

// String is the line for the termination log. What a spool on an emptyDir holds
// goes with the pod, so it says what to do about erasures that are left.
func (r drainResult) String() string {
	var line string
	switch {
	case r.reason != "":
		line = fmt.Sprintf("%d records stay in the spool at %s: %s", r.records, r.spool, r.reason)
	case r.deadLetters > 0:
		line = fmt.Sprintf("drained: %d updates were accepted; all are saved in Postgres but %d records that it refused, "+
			"which stay in quarantine at %s", r.accepted, r.deadLetters, r.spool)
	case r.erasures > 0:
		line = fmt.Sprintf("All %d updates accepted are saved in Postgres", r.accepted)
	default:
		return fmt.Sprintf("drained: all %d updates accepted are saved in Postgres", r.accepted)
	}
	if r.erasures == 0 {
		return line
	}
	return fmt.Sprintf("%d erasures of learners are not done in Postgres and stay in the spool at %s: %s "+
		"Order them again if the spool goes with the pod. %s", r.erasures, r.spool, r.erasureReason, line)
}
