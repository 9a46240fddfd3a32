package policy

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
)

// eventsLate is how long an event may wait while nothing is known to be wrong.
const eventsLate = 5 * time.Minute

// eventsVerdict: whether the receivers take what they are sent. Of two it tells of the one
// that is worse.
func eventsVerdict(f *facts) verdict {
	chain := []check{
		noReceiver,      // nobody wants them
		noEventMark,     // there are none
		noSidecars,      // nobody to ask
		notAnsweringYet, // nobody answers
	}
	all := receivers(f)
	for _, each := range []func(receiver, *facts) *verdict{
		receiver.gone,     // nothing is sent until a person acts
		receiver.secret,   // as here
		receiver.denied,   // and here
		receiver.unusable, // there is nothing to send from
		receiver.failing,  // the receiver
		receiver.standing, // nobody sends
		receiver.wait,     // late for a reason unknown
		receiver.setAside, // some wait for a person
		receiver.untold,   // nothing is known
		receiver.partly,   // not of all lanes
	} {
		for _, r := range all {
			chain = append(chain, func(f *facts) *verdict { return each(r, f) })
		}
	}
	return decide(f, append(chain, eventsDelivered)...)
}

func noReceiver(f *facts) *verdict {
	if e := f.policy.Spec.Events; e.Webhook != nil || e.XAPI != nil {
		return nil
	}
	return isUnknown(v1alpha1.ReasonNoReceiver, "the policy has neither events.webhook nor events.xapi, so that no events are sent")
}

func noEventMark(f *facts) *verdict {
	m := f.policy.Spec.Database.Mapping
	if m == nil || m.EventMark != "" {
		return nil
	}
	return isFalse(v1alpha1.ReasonNoEventMark,
		"table %s.%s takes the records, and has no events without a column for the sidecars: ALTER TABLE … ADD COLUMN event_mark bigint, and name it in database.mapping.eventMark", m.Schema, m.Table)
}

func (r receiver) gone(*facts) *verdict {
	if _, gone := r.told.Failed(sidecar.SendingGone); !gone {
		return nil
	}
	return isFalse(r.reasons.gone,
		"%s answered 410 (Gone) and is sent nothing any more; events are kept as long as the outbox keeps them; "+
			"correct %s, or take it out; %s sending again where it stopped", r.noun, r.setting, r.changes)
}

// secret: sidecars that have the Secret send for those whose pods are older.
func (r receiver) secret(f *facts) *verdict {
	if bad, failed := r.told.Failed(sidecar.SendingBadSecret); failed {
		return isFalse(r.reasons.secretInvalid, "%s can't use %s; sending begins within a minute after that",
			plural(int32(bad.Sidecars), "sidecar", "sidecars"), r.invalid)
	}
	if _, missing := r.told.Failed(sidecar.SendingNoSecret); missing && r.told.Held == 0 {
		return isFalse(r.reasons.secretMissing, "no sidecar %s in namespace %s; "+
			"pods from before %s was set get it when they are created anew: restart them%s",
			r.missing, f.policy.Namespace, r.setting, restartExample(f))
	}
	return nil
}

func (r receiver) unusable(f *facts) *verdict {
	if _, failed := r.told.Failed(sidecar.SendingNoOutbox); !failed {
		return nil
	}
	return isFalse(v1alpha1.ReasonOutboxMissing,
		"the user in Secret %s can't use the tables progress_sync.outbox, deliveries and undelivered; grant it SELECT, INSERT, UPDATE and DELETE there, "+
			"and where migrations is Manual, or it may create no tables, apply what `sidecar migrate --print` prints",
		f.policy.Spec.Database.SecretRef.Name)
}

func (r receiver) failing(f *facts) *verdict {
	w := r.told
	if refused, failed := w.Failed(sidecar.SendingRefused); failed {
		return isFalse(r.reasons.refused,
			"%s answers %d and takes nothing%s; %s; events are kept, in their order, and are sent once it answers 2xx",
			r.noun, refused.Status, r.oldest(f), r.refusal(refused.Status))
	}
	if _, failed := w.Failed(sidecar.SendingUnreachable); failed {
		return isFalse(r.reasons.unreachable,
			"%s does not answer%s; check that it runs, that its name resolves in the pods, that they trust its certificate, and that no NetworkPolicy keeps them from it; "+
				"events are kept, in their order, and are sent once it answers", r.noun, r.oldest(f))
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

// oldest says since when the oldest event waits, in words that do not change while it does.
func (r receiver) oldest(f *facts) string {
	oldest := r.told.Oldest
	if oldest.IsZero() || f.now.Sub(oldest) < eventsLate {
		return ""
	}
	return "; the oldest event is of " + oldest.UTC().Truncate(time.Minute).Format(time.RFC3339)
}

func (r receiver) standing(f *facts) *verdict {
	w := r.told
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

func (r receiver) wait(f *facts) *verdict {
	if r.oldest(f) == "" {
		return nil
	}
	return isFalse(v1alpha1.ReasonEventsLate,
		"events are sent and some wait%s; a receiver that takes longer than events come is the usual cause: let it answer before the work is done, or raise %s.batch", r.oldest(f), r.setting)
}

func (r receiver) setAside(*facts) *verdict {
	n := r.told.SetAside
	if n == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonEventsSetAside,
		"%s refused %s while it took others; table progress_sync.undelivered has their ids and its answers: mend the receiver, then "+
			"UPDATE progress_sync.undelivered SET again = true to send them once more, or DELETE those that may go",
		r.noun, plural(int32(min(n, 1<<31-1)), "event", "events"))
}

func (r receiver) untold(f *facts) *verdict {
	if r.told.Told > 0 {
		return nil
	}
	return isUnknown(r.reasons.unknown,
		"no sidecar has told yet how sending goes; if that stays so they are older than the operator: restart the pods%s", restartExample(f))
}

func (r receiver) partly(*facts) *verdict {
	if r.told.Held >= sidecar.SendingLanes {
		return nil
	}
	return isUnknown(r.reasons.unknown, "%d of %d lanes have a sidecar that sends their events to %s, as far as the sidecars that answer say",
		r.told.Held, sidecar.SendingLanes, r.noun)
}

func eventsDelivered(f *facts) *verdict {
	if all := receivers(f); len(all) == 1 {
		return isTrue(v1alpha1.ReasonDelivered, "%s takes what it is sent", all[0].noun)
	}
	return isTrue(v1alpha1.ReasonDelivered, "the receiver of the webhook and the LRS take what they are sent")
}
