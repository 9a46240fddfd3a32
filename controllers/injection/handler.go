package injection

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
)

// PathPattern that the handler is registered at.
const PathPattern = "/inject/{namespace}/{policy}"

// Handler answers the API server. It admits every pod; what it cannot inject it
// admits as it is, with a warning for whoever creates it.
type Handler struct {
	// Cached reads policies, metadata of namespaces, and LimitRanges; Live asks the
	// API server for a policy that the cache does not know yet, and for ConfigMaps
	// that no cache holds.
	Cached  client.Reader
	Live    client.Reader
	Options Options
	Events  events.EventRecorder
	Metrics *Metrics
	Now     func() time.Time
}

// Webhook for the path. The policy's name comes from the path, the pod's
// namespace from the request.
func (h *Handler) Webhook() *admission.Webhook {
	return &admission.Webhook{
		Handler: h,
		WithContextFunc: func(ctx context.Context, r *http.Request) context.Context {
			return context.WithValue(ctx, policyKey{}, types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("policy")})
		},
	}
}

// policyKey of the policy's name in a request's context.
type policyKey struct{}

// Handle implements admission.Handler.
func (h *Handler) Handle(ctx context.Context, request admission.Request) admission.Response {
	began := h.Now()
	response, outcome := h.handle(ctx, request)
	h.Metrics.observe(outcome, h.Now().Sub(began))
	return response
}

// failed is the outcome of a request that could not be decided.
const failed Outcome = "failed"

func (h *Handler) handle(ctx context.Context, request admission.Request) (admission.Response, Outcome) {
	key, _ := ctx.Value(policyKey{}).(types.NamespacedName)
	if key.Namespace != request.Namespace {
		return admission.Errored(http.StatusBadRequest,
			fmt.Errorf("a pod of namespace %s was sent to a policy of namespace %s", request.Namespace, key.Namespace)), failed
	}
	var pod corev1.Pod
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("reading the pod: %w", err)), failed
	}
	policy, err := h.policy(ctx, key)
	if apierrors.IsNotFound(err) {
		return admission.Allowed("the policy was deleted").
			WithWarnings(fmt.Sprintf("progress-sync: policy %s was deleted; this pod starts without a sidecar", key.Name)), Refused
	}
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err), failed
	}
	if winner, err := h.winner(ctx, policy, &pod); err != nil {
		return admission.Errored(http.StatusInternalServerError, err), failed
	} else if winner != policy.Name {
		// The winner's own entry brings the pod here again.
		return admission.Allowed("policy " + winner + " has this pod"), AlreadyInjected
	}

	var surroundings Surroundings
	if !HasSidecar(&pod) && !HasOptedOut(&pod) {
		surroundings = h.surroundings(ctx, request.Namespace, &pod)
	}
	injected, result := Inject(&pod, policy, h.Options, surroundings)
	if result.Outcome == Refused && (request.DryRun == nil || !*request.DryRun) {
		injectionRefused(h.Events, policy, &pod, result.Refusal)
	}
	if operations := patch(&pod, injected); len(operations) > 0 {
		return admission.Patched("", operations...).WithWarnings(result.Warnings...), result.Outcome
	}
	return admission.Allowed(string(result.Outcome)).WithWarnings(result.Warnings...), result.Outcome
}

// policy by name. A replica whose cache is behind asks the API server, so that
// the first pod after the policy is not left without its sidecar.
func (h *Handler) policy(ctx context.Context, key types.NamespacedName) (*v1alpha1.ProgressSyncPolicy, error) {
	var policy v1alpha1.ProgressSyncPolicy
	err := h.Cached.Get(ctx, key, &policy)
	if apierrors.IsNotFound(err) {
		err = h.Live.Get(ctx, key, &policy)
	}
	if err != nil {
		return nil, fmt.Errorf("reading policy %s: %w", key, err)
	}
	return &policy, nil
}

// winner is the name of the policy that has the pod.
func (h *Handler) winner(ctx context.Context, policy *v1alpha1.ProgressSyncPolicy, pod *corev1.Pod) (string, error) {
	var others v1alpha1.ProgressSyncPolicyList
	if err := h.Cached.List(ctx, &others, client.InNamespace(policy.Namespace)); err != nil {
		return "", fmt.Errorf("listing policies of namespace %s: %w", policy.Namespace, err)
	}
	if winner := selection.Winner(others.Items, pod.Labels); winner != nil && selection.Older(winner, policy) {
		return winner.Name, nil
	}
	return policy.Name, nil
}
