package run

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// newWebhook makes what sends events to the webhook of the configuration, if it has one.
func (s *sidecar) newWebhook(c config.Config) *webhook.Sender {
	w := webhook.New(webhook.Options{
		Version: s.options.Version, SecretDir: s.options.WebhookSecretDir, Log: s.log.WithName("webhook"),
		Store: func(r delivery.Receiver, owner uuid.UUID, lease time.Duration) webhook.Store {
			return s.db.Deliveries(r, owner, lease)
		},
	})
	w.Configure(c)
	s.state.Registerer().MustRegister(w.Metrics())
	s.state.AttachWebhook(w.Status)
	return w
}

// undelivered are the events that the receivers of the policy refused.
type undelivered struct{ *sidecar }

func (u undelivered) policy() string {
	c := u.inUse()
	return c.Policy.Namespace + "/" + c.Policy.Name
}

func (u undelivered) List(ctx context.Context, limit int) ([]postgres.Undelivered, bool, error) {
	return u.db.Undelivered(ctx, u.policy(), limit)
}

func (u undelivered) Redeliver(ctx context.Context, event uuid.NullUUID) (int, error) {
	return u.db.Redeliver(ctx, u.policy(), event)
}
