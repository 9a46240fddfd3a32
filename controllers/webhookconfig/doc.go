// Package webhookconfig tells the API server which pods to show to the
// operator.
//
// In come all policies and the CA of the webhook's certificate; out goes one
// MutatingWebhookConfiguration with one entry a policy, fixed to the policy's
// namespace and selector. No policy, no entry: the API server calls the
// operator for no pod that a policy does not select, and for none of
// kube-system or of the operator's own namespace. The configuration is owned by
// the operator's ClusterRole and goes when that is uninstalled.
//
// It keeps promise 5 of design.md: a dead or broken operator cannot touch other
// pods, and with the default failure policy cannot hold back those selected.
package webhookconfig
