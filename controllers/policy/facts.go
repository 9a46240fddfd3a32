package policy

import (
	"time"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
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
	pods      pods
	sidecars  sidecarstatus.Summary
	now       time.Time
}
