package policy

import (
	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
)

// receiver of events that a policy names, and what there is to say of it.
type receiver struct {
	noun, setting string
	told          sidecarstatus.Sending
	reasons       receiverReasons
	// changes of the setting start sending again after 410.
	changes string
	// invalid and missing are advice for its Secret.
	invalid, missing string
	refusal          func(status int) string
}

type receiverReasons struct{ unknown, gone, secretMissing, secretInvalid, unreachable, refused string }

// receivers that the policy names.
func receivers(f *facts) []receiver {
	var all []receiver
	if w := f.policy.Spec.Events.Webhook; w != nil {
		all = append(all, receiver{
			noun: "the receiver", setting: "events.webhook", told: f.sidecars.Webhook, changes: "another address, types or batch start",
			reasons: receiverReasons{
				v1alpha1.ReasonWebhookUnknown, v1alpha1.ReasonWebhookGone, v1alpha1.ReasonWebhookSecretMissing,
				v1alpha1.ReasonWebhookSecretInvalid, v1alpha1.ReasonWebhookUnreachable, v1alpha1.ReasonWebhookRefused,
			},
			invalid: "key " + w.SecretRef.Key + " or " + w.SecretRef.PreviousKey + " of Secret " + w.SecretRef.Name +
				": they must be whsec_ and 16 to 256 bytes in base64, such as echo whsec_$(openssl rand -base64 32) prints, and ca.crt, if it is there, certificates in PEM",
			missing: "has a secret to sign with, and events wait; create Secret " + w.SecretRef.Name + " with key " + w.SecretRef.Key + " (whsec_ and base64)",
			refusal: refusal,
		})
	}
	if x := f.policy.Spec.Events.XAPI; x != nil {
		keys := x.SecretRef.UsernameKey + " and " + x.SecretRef.PasswordKey
		all = append(all, receiver{
			noun: "the LRS", setting: "events.xapi", told: f.sidecars.XAPI, changes: "another endpoint or batch starts",
			reasons: receiverReasons{
				v1alpha1.ReasonLRSUnknown, v1alpha1.ReasonLRSGone, v1alpha1.ReasonLRSSecretMissing,
				v1alpha1.ReasonLRSSecretInvalid, v1alpha1.ReasonLRSUnreachable, v1alpha1.ReasonLRSRefused,
			},
			invalid: "Secret " + x.SecretRef.Name + ": it must have " + keys + ", the first without a colon, or the whole header as " + x.SecretRef.AuthorizationKey +
				", and ca.crt, if it is there, certificates in PEM",
			missing: "has credentials for the LRS, and statements wait; create Secret " + x.SecretRef.Name + " with keys " + keys + ", or " + x.SecretRef.AuthorizationKey + ",",
			refusal: refusalOfLRS,
		})
	}
	return all
}

// refusalOfLRS is what an answer of an LRS mostly means.
func refusalOfLRS(status int) string {
	switch status {
	case 400:
		return "its own log says what it misses in the statements; check events.xapi.version, homePage and activityId"
	case 404, 405:
		return "check events.xapi.endpoint, to which /statements is added"
	case 429, 503:
		return "it has no time; a larger batch makes fewer requests"
	default:
		return refusal(status)
	}
}

// denied: only a person can make the LRS take something again.
func (r receiver) denied(f *facts) *verdict {
	answer, denied := r.told.Failed(sidecar.SendingDenied)
	if !denied {
		return nil
	}
	does := "it does not know these credentials: compare them with the LRS, and correct"
	if answer.Status == 403 {
		does = "it knows the credentials and does not let them write: allow it there, or put others into"
	}
	return isFalse(v1alpha1.ReasonLRSDenied, "%s answers %d and takes nothing%s; %s Secret %s; events are kept, and are sent within minutes after that",
		r.noun, answer.Status, r.oldest(f), does, f.policy.Spec.Events.XAPI.SecretRef.Name)
}
