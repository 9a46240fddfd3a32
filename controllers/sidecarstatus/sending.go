package sidecarstatus

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// sendingPatience with what may pass by itself, such as a receiver that is restarted.
const sendingPatience = time.Minute

// Sending is what sidecars say of sending events to one receiver.
type Sending struct {
	// Told sidecars send events, or know why they don't.
	Told int
	// Held lanes have a sidecar that sends, as these sidecars say of themselves.
	Held int
	// Standing lanes have none, as some sidecar has seen for sendingPatience.
	Standing int
	// Oldest is when the oldest event was made that is not delivered, zero if there is none.
	Oldest time.Time
	// SetAside are events that the receiver refused while it took others.
	SetAside int64
	// Failures by reason.
	Failures map[string]SendingFailure
}

// SendingFailure is why sidecars do not deliver events.
type SendingFailure struct {
	Sidecars int
	// Status of the receiver's answer, zero if there was none.
	Status int
	Since  time.Time
}

func (w *Sending) add(told *status.Sending, at time.Time) {
	if told == nil {
		return
	}
	w.Told++
	w.Held += min(max(told.Held, 0), status.SendingLanes)
	w.addFailure(told.Failure, at)
	if told.Failure != nil && (told.Failure.Reason == status.SendingNoDatabase || told.Failure.Reason == status.SendingNoOutbox) {
		return // what it last saw may be long ago
	}
	if since := told.StandingSince; since != nil && at.Sub(*since) >= sendingPatience {
		w.Standing = max(w.Standing, min(max(told.Standing, 0), status.SendingLanes))
	}
	if age := told.OldestSeconds; age > 0 && age < maxAge.Seconds() {
		w.Oldest = earlier(w.Oldest, at.Add(-time.Duration(age*float64(time.Second))))
	}
	w.SetAside = max(w.SetAside, count(told.SetAside))
}

// sendingReasons are those that there is advice for; the others are not repeated. True are
// those that may pass by themselves.
var sendingReasons = map[string]bool{
	status.SendingGone: false, status.SendingNoSecret: false, status.SendingBadSecret: false,
	status.SendingDenied: false, status.SendingUnreachable: true, status.SendingRefused: true, status.SendingNoOutbox: true, status.SendingNoDatabase: true,
}

func (w *Sending) addFailure(f *status.SendingFailure, at time.Time) {
	if f == nil {
		return
	}
	passing, known := sendingReasons[f.Reason]
	if !known || passing && at.Sub(f.Since) < sendingPatience {
		return
	}
	if w.Failures == nil {
		w.Failures = map[string]SendingFailure{}
	}
	all := w.Failures[f.Reason]
	all.Sidecars++
	all.Since = earlier(all.Since, f.Since)
	if f.Status >= 100 && f.Status <= 999 {
		all.Status = max(all.Status, f.Status)
	}
	w.Failures[f.Reason] = all
}

// Failed says whether sidecars fail for one of some reasons, and how.
func (w Sending) Failed(reasons ...string) (SendingFailure, bool) {
	for reason, f := range w.Failures {
		if slices.Contains(reasons, reason) {
			return f, true
		}
	}
	return SendingFailure{}, false
}
