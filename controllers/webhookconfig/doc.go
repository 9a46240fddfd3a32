// Package webhookconfig tells the API server which pods to show to the
// operator.
//
// In come the policies and the CA of the webhook's certificate; out go sixteen
// MutatingWebhookConfigurations with one entry a policy, fixed to the policy's
// namespace and selector. No policy, no entry: the API server calls the
// operator for no pod that a policy does not select, and for none of
// kube-system or of the operator's own namespace. The configurations are owned
// by the operator's ClusterRole and go when that is uninstalled.
//
// A policy's namespace says which of the configurations has it, so that a
// change writes one of them. Each is kept below what etcd takes in one request,
// with the CA replaced: of a namespace the oldest policies have entries, and
// where a configuration is full the namespaces that take the most room give
// way. So no namespace can keep another's policies from taking effect.
//
// It keeps promise 5 of design.md: a dead or broken operator cannot touch other
// pods, and with the default failure policy cannot hold back those selected.
package webhookconfig
