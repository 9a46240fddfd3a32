package policy

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
)

// eventsLate is how long an event may wait while nothing is known to be wrong.
const eventsLate = 5 * time.Minute

// eventsVerdict: whether the receiver of the webhook takes what it is sent.
func eventsVerdict(f *facts) verdict {
	return decide(f,
		noWebhook,       // nobody wants them
		noEventMark,     // there are none
		noSidecars,      // nobody to ask
		notAnsweringYet, // nobody answers
		webhookGone,     // nothing is sent until a person acts
		webhookSecret,   // as here
		outboxUnusable,  // there is nothing to send from
		webhookFailing,  // the receiver
		eventsStanding,  // nobody sends
		eventsWait,      // late for a reason unknown
		eventsSetAside,  // some wait for a person
		webhookUntold,   // nothing is known
		eventsDelivered,
	)
}

func noWebhook(f *facts) *verdict {
	if f.policy.Spec.Events.Webhook != nil {
		return nil
	}
	return isUnknown(v1alpha1.ReasonNoWebhook, "the policy has no events.webhook, so that no events are sent")
}

func noEventMark(f *facts) *verdict {
	m := f.policy.Spec.Database.Mapping
	if m == nil || m.EventMark != "" {
		return nil
	}
	return isFalse(v1alpha1.ReasonNoEventMark,
		"table %s.%s takes the records, and has no events without a column for the sidecars: ALTER TABLE … ADD COLUMN event_mark bigint, and name it in database.mapping.eventMark", m.Schema, m.Table)
}

func webhookGone(f *facts) *verdict {
	if _, gone := f.sidecars.Webhook.Failed(sidecar.SendingGone); !gone {
		return nil
	}
	return isFalse(v1alpha1.ReasonWebhookGone,
		"the receiver answered 410 (Gone) and is sent nothing any more; events are kept as long as the outbox keeps them; "+
			"correct events.webhook, or take it out; another address, types or batch start sending again where it stopped")
}

// webhookSecret: sidecars that have the Secret send for those whose pods are older.
func webhookSecret(f *facts) *verdict {
	w, ref := f.sidecars.Webhook, f.policy.Spec.Events.Webhook.SecretRef
	if bad, failed := w.Failed(sidecar.SendingBadSecret); failed {
		return isFalse(v1alpha1.ReasonWebhookSecretInvalid,
			"%s can't use key %s or %s of Secret %s: they must be whsec_ and 16 to 256 bytes in base64, such as echo whsec_$(openssl rand -base64 32) prints, "+
				"and ca.crt, if it is there, certificates in PEM; sending begins within a minute after that",
			plural(int32(bad.Sidecars), "sidecar", "sidecars"), ref.Key, ref.PreviousKey, ref.Name)
	}
	if _, missing := w.Failed(sidecar.SendingNoSecret); missing && w.Held == 0 {
		return isFalse(v1alpha1.ReasonWebhookSecretMissing,
			"no sidecar has a secret to sign with, and events wait; create Secret %s with key %s (whsec_ and base64) in namespace %s; "+
				"pods from before events.webhook was set get it when they are created anew: restart them%s",
			ref.Name, ref.Key, f.policy.Namespace, restartExample(f))
	}
	return nil
}

func outboxUnusable(f *facts) *verdict {
	if _, failed := f.sidecars.Webhook.Failed(sidecar.SendingNoOutbox); !failed {
		return nil
	}
	return isFalse(v1alpha1.ReasonOutboxMissing,
		"the user in Secret %s can't use the tables progress_sync.outbox, deliveries and undelivered; grant it SELECT, INSERT, UPDATE and DELETE there, "+
			"and where migrations is Manual, or it may create no tables, apply what `sidecar migrate --print` prints",
		f.policy.Spec.Database.SecretRef.Name)
}

func webhookFailing(f *facts) *verdict {
	w := f.sidecars.Webhook
	if refused, failed := w.Failed(sidecar.SendingRefused); failed {
		return isFalse(v1alpha1.ReasonWebhookRefused,
			"the receiver answers %d and takes nothing%s; %s; events are kept, in their order, and are sent once it answers 2xx",
			refused.Status, oldestEvent(f), refusal(refused.Status))
	}
	if _, failed := w.Failed(sidecar.SendingUnreachable); failed {
		return isFalse(v1alpha1.ReasonWebhookUnreachable,
			"the receiver does not answer%s; check that it runs, that its name resolves in the pods, that they trust its certificate, and that no NetworkPolicy keeps them from it; "+
				"events are kept, in their order, and are sent once it answers", oldestEvent(f))
	}
	return nil
}

// refusal is what an answer mostly means.
func refusal(status int) string {
	switch {
	case status == 401 || status == 403:
		return fmt.Sprintf("%d is what a receiver says that has another secret; compare it with the Secret", status)
	case status >= 300 && status < 400:
		return "redirects are not followed; name the address that they lead to"
	case status == 404 || status == 405:
		return "check the path of events.webhook"
	case status == 429:
		return "it has no time; a larger batch makes fewer requests"
	default:
		return "its own log says why"
	}
}

// oldestEvent says since when the oldest event waits, in words that do not change while it does.
func oldestEvent(f *facts) string {
	oldest := f.sidecars.Webhook.Oldest
	if oldest.IsZero() || f.now.Sub(oldest) < eventsLate {
		return ""
	}
	return "; the oldest event is of " + oldest.UTC().Truncate(time.Minute).Format(time.RFC3339)
}

func eventsStanding(f *facts) *verdict {
	w := f.sidecars.Webhook
	if _, failed := w.Failed(sidecar.SendingNoDatabase); failed && w.Held == 0 {
		return isFalse(v1alpha1.ReasonEventsStanding, "no sidecar sends events, since the database with the outbox does not answer them; DatabaseReachable says more")
	}
	if w.Standing == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonEventsStanding,
		"no sidecar sends the events of %d of %d lanes; restart the pods without a sidecar of this version, or whose log says why%s",
		w.Standing, sidecar.SendingLanes, restartExample(f))
}

func eventsWait(f *facts) *verdict {
	if oldestEvent(f) == "" {
		return nil
	}
	return isFalse(v1alpha1.ReasonEventsLate,
		"events are sent and some wait%s; a receiver that takes longer than events come is the usual cause: answer before the work is done, or raise events.webhook.batch", oldestEvent(f))
}

func eventsSetAside(f *facts) *verdict {
	n := f.sidecars.Webhook.SetAside
	if n == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonEventsSetAside,
		"the receiver refused %s while it took others; table progress_sync.undelivered has their ids and its answers: mend the receiver, then "+
			"UPDATE progress_sync.undelivered SET again = true to send them once more, or DELETE those that may go",
		plural(int32(min(n, 1<<31-1)), "event", "events"))
}

func webhookUntold(f *facts) *verdict {
	if f.sidecars.Webhook.Told > 0 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonWebhookUnknown,
		"no sidecar has told yet how sending goes; if that stays so they are older than the operator: restart the pods%s", restartExample(f))
}

func eventsDelivered(f *facts) *verdict {
	held := f.sidecars.Webhook.Held
	if held < sidecar.SendingLanes {
		return isUnknown(v1alpha1.ReasonWebhookUnknown, "%d of %d lanes have a sidecar that sends their events, as far as the sidecars that answer say", held, sidecar.SendingLanes)
	}
	return isTrue(v1alpha1.ReasonDelivered, "the receiver takes what it is sent")
}
