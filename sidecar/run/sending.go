package run

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/events/lrs"
	"github.com/progress-sync/progress-sync/sidecar/events/sending"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
)

// senders send events to each kind of receiver that the configuration names.
type senders []*sending.Sender

func (s *sidecar) newSenders(c config.Config) senders {
	hook := s.newSender(webhook.New(s.options.WebhookSecretDir), c)
	store := s.newSender(lrs.New(s.options.XAPISecretDir), c)
	s.state.AttachSending(hook.Status, store.Status)
	return senders{hook, store}
}

func (s *sidecar) newSender(kind sending.Kind, c config.Config) *sending.Sender {
	sender := sending.New(kind, sending.Options{
		Version: s.options.Version, Log: s.log.WithName(kind.Name()),
		Store: func(r delivery.Receiver, owner uuid.UUID, lease time.Duration) sending.Store {
			return s.db.Deliveries(r, owner, lease)
		},
	})
	sender.Configure(c)
	s.state.Registerer().MustRegister(sender.Metrics())
	return sender
}

func (s senders) configure(c config.Config) {
	for _, sender := range s {
		sender.Configure(c)
	}
}

// run sends until ctx ends.
func (s senders) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, sender := range s {
		all.Go(func() { sender.Run(ctx) })
	}
	all.Wait()
}
