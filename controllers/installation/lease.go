package installation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// leaseRetry is the pause after an attempt that failed.
const leaseRetry = 5 * time.Second

// LeaseOwner gives the lease of the leader its owner. An operator that is
// uninstalled has lost its rights before it could give the lease back; without
// the owner the next one would wait for it to expire. It is a Runnable of the
// leader.
type LeaseOwner struct {
	Client client.Client
	// Live reads the ClusterRole without a cache.
	Live        client.Reader
	ClusterRole string
	Lease       types.NamespacedName
}

// Start patches the lease once, and tries again until it is done.
func (o *LeaseOwner) Start(ctx context.Context) error {
	_ = wait.PollUntilContextCancel(ctx, leaseRetry, true, func(ctx context.Context) (bool, error) {
		if err := o.patch(ctx); err != nil {
			log.FromContext(ctx).Error(err, "giving the leader's lease its owner")
			return false, nil
		}
		return true, nil
	})
	return nil
}

func (o *LeaseOwner) patch(ctx context.Context) error {
	owner, err := Owner(ctx, o.Live, o.ClusterRole)
	if err != nil || owner == nil {
		return err
	}
	// A merge patch replaces the list, so an owner of an installation before
	// this one goes.
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{"ownerReferences": []metav1.OwnerReference{*owner}}})
	if err != nil {
		return fmt.Errorf("encoding the owner of the lease: %w", err)
	}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: o.Lease.Namespace, Name: o.Lease.Name}}
	if err := o.Client.Patch(ctx, lease, client.RawPatch(types.MergePatchType, text)); err != nil {
		return fmt.Errorf("patching lease %s: %w", o.Lease, err)
	}
	return nil
}
