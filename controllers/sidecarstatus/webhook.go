package sidecarstatus

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// webhookPatience with what may pass by itself, such as a receiver that is restarted.
const webhookPatience = time.Minute

// Webhook is what sidecars say of sending events.
type Webhook struct {
	// Told sidecars send events, or know why they don't.
	Told int
	// Held lanes have a sidecar that sends, as these sidecars say of themselves.
	Held int
	// Standing lanes have none, as some sidecar has seen for webhookPatience.
	Standing int
	// Oldest is when the oldest event was made that is not delivered, zero if there is none.
	Oldest time.Time
	// SetAside are events that the receiver refused while it took others.
	SetAside int64
	// Failures by reason.
	Failures map[string]WebhookFailure
}

// WebhookFailure is why sidecars do not deliver events.
type WebhookFailure struct {
	Sidecars int
	// Status of the receiver's answer, zero if there was none.
	Status int
	Since  time.Time
}

func (s *Summary) addWebhook(w *status.Sending, at time.Time) {
	if w == nil {
		return
	}
	out := &s.Webhook
	out.Told++
	out.Held += min(max(w.Held, 0), status.SendingLanes)
	out.addFailure(w.Failure, at)
	if w.Failure != nil && (w.Failure.Reason == status.SendingNoDatabase || w.Failure.Reason == status.SendingNoOutbox) {
		return // what it last saw may be long ago
	}
	if since := w.StandingSince; since != nil && at.Sub(*since) >= webhookPatience {
		out.Standing = max(out.Standing, min(max(w.Standing, 0), status.SendingLanes))
	}
	if age := w.OldestSeconds; age > 0 && age < maxAge.Seconds() {
		out.Oldest = earlier(out.Oldest, at.Add(-time.Duration(age*float64(time.Second))))
	}
	out.SetAside = max(out.SetAside, count(w.SetAside))
}

// webhookReasons are those that there is advice for; the others are not repeated. True are
// those that may pass by themselves.
var webhookReasons = map[string]bool{
	status.SendingGone: false, status.SendingNoSecret: false, status.SendingBadSecret: false,
	status.SendingUnreachable: true, status.SendingRefused: true, status.SendingNoOutbox: true, status.SendingNoDatabase: true,
}

func (w *Webhook) addFailure(f *status.SendingFailure, at time.Time) {
	if f == nil {
		return
	}
	passing, known := webhookReasons[f.Reason]
	if !known || passing && at.Sub(f.Since) < webhookPatience {
		return
	}
	if w.Failures == nil {
		w.Failures = map[string]WebhookFailure{}
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
func (w Webhook) Failed(reasons ...string) (WebhookFailure, bool) {
	for reason, f := range w.Failures {
		if slices.Contains(reasons, reason) {
			return f, true
		}
	}
	return WebhookFailure{}, false
}
