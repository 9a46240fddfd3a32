// Package v1alpha1 is the API of progresssync.dev: the ProgressSyncPolicy, its
// defaults and limits (kept by the API server through the schema and CEL rules
// that are generated from the markers here), and the words of its status.
//
// A policy is written by whoever runs a learning platform; its status is
// written by the operator alone. The status holds counts, times and classes of
// errors, never a learner id, an address or a credential (design.md, promise 6).
//
// +kubebuilder:object:generate=true
// +groupName=progresssync.dev
package v1alpha1
