package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/unsaved"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// Reconciler of policies.
type Reconciler struct {
	// Client reads from a cache that need hold no more of a pod than StripPod
	// leaves.
	Client client.Client
	// Live reads from the API server what the cache does not hold.
	Live      client.Reader
	Events    events.EventRecorder
	Collector *sidecarstatus.Collector
	// Entries of the webhook configurations.
	Entries webhookconfig.Reader
	// Creation finds workloads whose pods are refused.
	Creation *creation.Finder
	// Unsaved is told of pods that go.
	Unsaved *unsaved.Ledger
	// Injection options of the webhook, to tell which pods are outdated.
	Injection injection.Options
	// OperatorNamespace gets no sidecars.
	OperatorNamespace string
	Now               func() time.Time

	pace pace
}

// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies/status,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=events,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=replicationcontrollers,verbs=get
// +kubebuilder:rbac:groups=apps,resources=replicasets;statefulsets;daemonsets,verbs=get
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile gathers, decides and writes. The status is written whatever becomes
// of the ConfigMap: it has to tell.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var policy v1alpha1.ProgressSyncPolicy
	if err := r.Client.Get(ctx, request.NamespacedName, &policy); apierrors.IsNotFound(err) {
		r.Collector.Forget(request.NamespacedName)
		r.Unsaved.Forget(request.NamespacedName)
		r.pace.forget(request.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading the policy: %w", err)
	}
	if policy.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}

	f, err := r.gather(ctx, &policy)
	if err != nil {
		return ctrl.Result{}, err
	}
	f.configMap = r.writeConfigMap(ctx, f)
	wait, err := r.writeStatus(ctx, f)
	if f.configMap.err != nil {
		err = errors.Join(err, fmt.Errorf("writing ConfigMap %s: %w", f.configMap.name, f.configMap.err))
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.next(f, wait)}, nil
}

// Pauses before the next pass.
const (
	// behind is for a cache that lacks what was just written; what it lacks comes
	// as an event, too.
	behind = time.Second
	// occupied is for a name that somebody else's ConfigMap has, whose end no
	// event tells.
	occupied = 30 * time.Second
)

// next pass: after the shortest of the pauses that something waits for, zero if
// nothing does but events.
func (r *Reconciler) next(f *facts, wait time.Duration) time.Duration {
	var next time.Duration
	sooner := func(wanted bool, pause time.Duration) {
		if wanted && pause > 0 && (next == 0 || pause < next) {
			next = pause
		}
	}
	sooner(true, wait)
	sooner(f.configMap.holder != "", occupied)
	sooner(f.pods.matched > 0 || f.sidecars.Asked > 0 || f.creationRecent || len(f.uncreated) > 0, r.Collector.Interval())
	return next
}

// writeStatus patches the status, where it differs, and tells of what turned. It
// returns how long it has to wait if it is too early for another write.
func (r *Reconciler) writeStatus(ctx context.Context, f *facts) (time.Duration, error) {
	key := client.ObjectKeyFromObject(f.policy)
	before := f.policy.Status
	reckoned := reckon(before.Records.Unsaved, f.gone, f.ended)
	after := status(f, reckoned.status)
	if sameStatus(before, after) {
		r.Unsaved.Acknowledge(key, reckoned.acknowledged)
		return 0, nil
	}
	if wait := r.pace.wait(key, before, after, f.now, r.Collector.Interval()); wait > 0 {
		return wait, nil
	}
	updated := f.policy.DeepCopy()
	updated.Status = after
	// With the lock, a pass on an old copy cannot turn a condition twice.
	patch := client.MergeFromWithOptions(f.policy, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, updated, patch); apierrors.IsConflict(err) {
		return behind, nil
	} else if err != nil {
		return 0, fmt.Errorf("patching the policy's status: %w", err)
	}
	r.pace.written(key, f.now)
	r.Unsaved.Acknowledge(key, reckoned.acknowledged)
	for _, e := range append(transitions(before.Conditions, after.Conditions), departures(reckoned.counted)...) {
		r.Events.Eventf(f.policy, e.about, e.kind, e.reason, e.action, "%s", cutNote(e.note))
	}
	return 0, nil
}
