package run

import (
	"context"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

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
