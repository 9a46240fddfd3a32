package policy

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

// facts are all that a decision about a policy rests on.
type facts struct {
	policy *v1alpha1.ProgressSyncPolicy
	// namespaceRefused: policies of this namespace get no sidecars.
	namespaceRefused bool
	// selectorError is why spec.selector is not valid, nil if it is.
	selectorError error
	// installed: the API server calls the operator for the policy's pods.
	installed bool
	// limit is why it is not told of the policy, nil if it is, or will be.
	limit *webhookconfig.Limit
	// configMap is what became of the policy's own.
	configMap written
	// uncreated workloads are those that the policy has and whose pods the API
	// server refuses; creationRecent, that this may change without an event.
	uncreated      []creation.Refusal
	creationRecent bool
	pods           pods
	sidecars       sidecarstatus.Summary
	// proxyEndsFirst counts sidecars that reach the database through a proxy of
	// their pod's own which may end before they do.
	proxyEndsFirst int32
	// gone pods that are not in the status yet, and those that are in its
	// countedPods and still exist.
	gone  []gone
	ended map[types.UID]bool
	now   time.Time
}
