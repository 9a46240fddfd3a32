package eviction

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

const (
	// pause between two evictions, of all policies.
	pause = time.Second
	// recheck is the pause before a policy whose pods have not changed is
	// decided on again: a decision depends on the time, too.
	recheck = 5 * time.Second
	// backoff is how long an owner is left alone whose PodDisruptionBudget allows
	// no eviction.
	backoff = 10 * time.Second
)

// Reconciler evicts pods. Only one worker may run it, since its memory has no lock.
type Reconciler struct {
	// Client evicts, and reads from a cache that may leave out of a pod what
	// policy.StripPod does.
	Client  client.Client
	Entries webhookconfig.Reader
	Events  events.EventRecorder
	Metrics *Metrics
	Now     func() time.Time

	memory memory
	// evicted is when the last pod was.
	evicted time.Time
}

// +kubebuilder:rbac:groups=progresssync.dev,resources=progresssyncpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods/eviction,verbs=create
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile evicts at most one pod of a policy.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var policy v1alpha1.ProgressSyncPolicy
	err := r.Client.Get(ctx, request.NamespacedName, &policy)
	if apierrors.IsNotFound(err) || err == nil && !evicts(&policy) {
		r.memory.forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading the policy: %w", err)
	}
	situation, err := r.gather(ctx, &policy)
	if err != nil {
		return ctrl.Result{}, err
	}
	decision := Decide(situation)
	if decision.Replaced {
		r.memory.of(request.NamespacedName).last = Eviction{}
	}
	switch decision.Verdict {
	case Nothing:
		return ctrl.Result{}, nil
	case Stop:
		r.stopped(&policy, decision)
	case Wait:
		log.FromContext(ctx).V(1).Info("no pod is evicted", "why", decision.Why)
	case Evict:
		if rest := pause - situation.Now.Sub(r.evicted); rest > 0 {
			return ctrl.Result{RequeueAfter: rest}, nil
		}
		if err := r.evict(ctx, &policy, decision.Pod); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{RequeueAfter: recheck}, nil
}

func evicts(policy *v1alpha1.ProgressSyncPolicy) bool {
	return policy.DeletionTimestamp == nil && policy.Spec.Injection.Bare == v1alpha1.BareEvict
}

// gather all that a decision rests on.
func (r *Reconciler) gather(ctx context.Context, policy *v1alpha1.ProgressSyncPolicy) (Situation, error) {
	key := client.ObjectKeyFromObject(policy)
	entry, err := r.Entries.Of(ctx, policy)
	if err != nil {
		return Situation{}, err
	}
	var policies v1alpha1.ProgressSyncPolicyList
	if err := r.Client.List(ctx, &policies, client.InNamespace(policy.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return Situation{}, fmt.Errorf("listing the namespace's policies: %w", err)
	}
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.InNamespace(policy.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return Situation{}, fmt.Errorf("listing the namespace's pods: %w", err)
	}
	now := r.Now()
	known := r.memory.of(key)
	known.seen(entry.Installed, now)
	return Situation{
		Policy: policy, Pods: pods.Items, Policies: policies.Items,
		InstalledSince: known.installedSince, Last: known.last, Busy: r.memory.busy(key, now), Now: now,
	}, nil
}

// evict the pod, unless it is another by now. A PodDisruptionBudget that allows
// none is no error: its owner is left alone for a while.
func (r *Reconciler) evict(ctx context.Context, policy *v1alpha1.ProgressSyncPolicy, pod *corev1.Pod) error {
	now := r.Now()
	r.evicted = now
	owner := metav1.GetControllerOfNoCopy(pod)
	err := r.Client.SubResource("eviction").Create(ctx, pod.DeepCopy(), &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To(pod.UID)}},
	})
	switch {
	case err == nil:
		r.memory.of(client.ObjectKeyFromObject(policy)).last = Eviction{Pod: pod.Name, Owner: owner.UID, At: now}
		r.Metrics.count(evicted)
		r.Events.Eventf(policy, pod, corev1.EventTypeNormal, "BarePodEvicted", "Evict",
			"pod %s had no sidecar and was evicted; %s %s makes another one", pod.Name, owner.Kind, owner.Name)
	case apierrors.IsTooManyRequests(err) && apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause):
		r.memory.backOff(owner.UID, now)
		r.Metrics.count(heldBack)
		r.Events.Eventf(policy, pod, corev1.EventTypeNormal, "EvictionHeldBack", "Evict",
			"pod %s has no sidecar, and a PodDisruptionBudget does not allow to evict it now; it is tried again", pod.Name)
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		// The cache is behind; what it lacks comes as an event.
	default:
		r.Metrics.count(failed)
		return fmt.Errorf("evicting pod %s: %w", pod.Name, err)
	}
	return nil
}

// stopped tells, once for each pod, that new pods come without a sidecar.
func (r *Reconciler) stopped(policy *v1alpha1.ProgressSyncPolicy, decision Decision) {
	known := r.memory.of(client.ObjectKeyFromObject(policy))
	if known.toldOf == decision.Pod.UID {
		return
	}
	known.toldOf = decision.Pod.UID
	r.Events.Eventf(policy, decision.Pod, corev1.EventTypeWarning, "EvictionStopped", "Evict",
		"no more pods are evicted, because pod %s was created while the API server called the operator, and has no sidecar: "+
			"see whether the API server reaches the webhook; evictions go on once a pod that is created later has its sidecar",
		decision.Pod.Name)
}
