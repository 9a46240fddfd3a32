package policy

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// sending facts of two pods whose sidecars say this of the webhook.
func sending(w sidecarstatus.Sending, changes ...func(*facts)) *facts {
	return healthy(append([]func(*facts){func(f *facts) {
		f.policy.Spec.Events = v1alpha1.EventsSpec{Enabled: true, RetentionDays: 7, Webhook: &v1alpha1.WebhookSpec{
			URL: "https://lms.example.com/events", Batch: 1,
			SecretRef: v1alpha1.WebhookSecretRef{Name: "lms-webhook", Key: "secret", PreviousKey: "previous"},
		}}
		f.sidecars.Webhook = w
	}}, changes...)...)
}

// storing facts of two pods whose sidecars say this of the LRS.
func storing(x sidecarstatus.Sending, changes ...func(*facts)) *facts {
	return healthy(append([]func(*facts){func(f *facts) {
		f.policy.Spec.Events = v1alpha1.EventsSpec{Enabled: true, RetentionDays: 7, XAPI: &v1alpha1.XAPISpec{
			Endpoint: "https://lrs.example.com/data/xAPI", HomePage: "https://lms.example.com", Batch: 30,
			SecretRef: v1alpha1.XAPISecretRef{Name: "lms-lrs", UsernameKey: "username", PasswordKey: "password", AuthorizationKey: "authorization"},
		}}
		f.sidecars.XAPI = x
	}}, changes...)...)
}

// besides a webhook whose events are delivered.
func besides(f *facts) {
	f.policy.Spec.Events.Webhook = &v1alpha1.WebhookSpec{URL: "https://lms.example.com/events", Batch: 1}
	f.sidecars.Webhook = sidecarstatus.Sending{Told: 2, Held: 4}
}

func TestEventsDelivered(t *testing.T) {
	const yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	type webhook = sidecarstatus.Sending
	failing := func(reason string, status, held int) webhook {
		return webhook{Told: 2, Held: held, Failures: map[string]sidecarstatus.SendingFailure{reason: {Sidecars: 1, Status: status, Since: noon}}}
	}
	for name, c := range map[string]struct {
		facts  *facts
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"all lanes are sent":             {sending(webhook{Told: 2, Held: 4}), yes, "Delivered", "takes what it is sent"},
		"an event of a moment ago waits": {sending(webhook{Told: 2, Held: 4, Oldest: noon.Add(-time.Minute)}), yes, "Delivered", ""},
		"no webhook":                     {healthy(), unknown, "NoReceiver", "neither events.webhook nor events.xapi"},
		"no pods":                        {sending(webhook{}, withoutPods), unknown, "NoSidecars", ""},
		"nobody answers":                 {sending(webhook{}, func(f *facts) { f.sidecars.Answering, f.sidecars.Unreachable = 0, 2 }), unknown, "SidecarsUnreachable", ""},
		"nobody has told":                {sending(webhook{}), unknown, "WebhookUnknown", "older than the operator: restart the pods"},
		"a lane has changed hands":       {sending(webhook{Told: 2, Held: 3}), unknown, "WebhookUnknown", "3 of 4 lanes"},
		"a lane stands":                  {sending(webhook{Told: 2, Held: 3, Standing: 1}), no, "EventsStanding", "no sidecar sends the events of 1 of 4 lanes"},
		"gone":                           {sending(failing("gone", 410, 0)), no, "WebhookGone", "start sending again"},
		"a secret that is none":          {sending(failing("bad_secret", 0, 0)), no, "WebhookSecretInvalid", "can't use key secret or previous of Secret lms-webhook"},
		"no secret":                      {sending(failing("no_secret", 0, 0)), no, "WebhookSecretMissing", "create Secret lms-webhook with key secret"},
		"no secret in pods from before, others send": {sending(failing("no_secret", 0, 4)), yes, "Delivered", ""},
		"no tables":                               {sending(failing("no_outbox", 0, 0)), no, "OutboxMissing", "the user in Secret lms-db can't use the tables"},
		"no database":                             {sending(failing("no_database", 0, 0)), no, "EventsStanding", "DatabaseReachable says more"},
		"it does not answer":                      {sending(failing("unreachable", 0, 4)), no, "WebhookUnreachable", "check that it runs"},
		"it answers 500":                          {sending(failing("refused", 500, 4)), no, "WebhookRefused", "answers 500 and takes nothing; its own log says why; events are kept"},
		"it answers 401":                          {sending(failing("refused", 401, 4)), no, "WebhookRefused", "compare it with the Secret"},
		"it leads elsewhere":                      {sending(failing("refused", 302, 4)), no, "WebhookRefused", "redirects are not followed"},
		"events wait for no known reason":         {sending(webhook{Told: 2, Held: 4, Oldest: noon.Add(-time.Hour)}), no, "EventsLate", "the oldest event is of 2026-11-01T11:00:00Z"},
		"the LRS takes statements":                {storing(webhook{Told: 2, Held: 4}), yes, "Delivered", "the LRS takes what it is sent"},
		"the LRS and the webhook take all":        {storing(webhook{Told: 2, Held: 4}, besides), yes, "Delivered", "the receiver of the webhook and the LRS take"},
		"the LRS has other credentials":           {storing(failing("denied", 401, 4)), no, "LRSDenied", "answers 401 and takes nothing; it does not know these credentials: compare them with the LRS, and correct Secret lms-lrs"},
		"the LRS does not let them write":         {storing(failing("denied", 403, 4), besides), no, "LRSDenied", "allow it there, or put others into Secret lms-lrs"},
		"no credentials":                          {storing(failing("no_secret", 0, 0)), no, "LRSSecretMissing", "create Secret lms-lrs with keys username and password, or authorization, in namespace"},
		"credentials that are none":               {storing(failing("bad_secret", 0, 0)), no, "LRSSecretInvalid", "the whole header as authorization"},
		"the LRS does not answer":                 {storing(failing("unreachable", 0, 4)), no, "LRSUnreachable", "the LRS does not answer"},
		"no LRS at that address":                  {storing(failing("refused", 404, 4)), no, "LRSRefused", "check events.xapi.endpoint"},
		"the LRS is gone":                         {storing(failing("gone", 410, 0)), no, "LRSGone", "correct events.xapi"},
		"a lane of the LRS has changed hands":     {storing(webhook{Told: 2, Held: 3}, besides), unknown, "LRSUnknown", "3 of 4 lanes"},
		"the webhook is away and the LRS is well": {storing(webhook{Told: 2, Held: 4}, besides, func(f *facts) { f.sidecars.Webhook = failing("unreachable", 0, 4) }), no, "WebhookUnreachable", "the receiver does not answer"},
		"events were set aside":                   {sending(webhook{Told: 2, Held: 4, SetAside: 3}), no, "EventsSetAside", "refused 3 events while it took others"},
	} {
		t.Run(name, func(t *testing.T) {
			all := conditions(c.facts)
			got := meta.FindStatusCondition(all, v1alpha1.ConditionEventsDelivered)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("%s (%s): %s", got.Status, got.Reason, got.Message)
			}
			if healthy := meta.IsStatusConditionFalse(all, v1alpha1.ConditionHealthy); healthy != (c.status == no) {
				t.Errorf("Healthy is False: %t", healthy)
			}
			if !meta.IsStatusConditionTrue(all, v1alpha1.ConditionReady) {
				t.Error("a receiver that is away makes the policy not Ready, and stops a rollout")
			}
		})
	}
}
