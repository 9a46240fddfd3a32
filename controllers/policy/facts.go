package policy

import (
	"time"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
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
	limit    *webhookconfig.Limit
	pods     pods
	sidecars sidecarstatus.Summary
	now      time.Time
}
