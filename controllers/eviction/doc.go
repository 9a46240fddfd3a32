// Package eviction renews running pods that have no sidecar and could have one,
// such as those that were created together with their policy.
//
// In come a policy that asks for it (injection.bare: Evict), the pods of its
// namespace, and since when the API server calls the operator; out goes at most
// one pod to evict, by the Eviction API, which keeps to PodDisruptionBudgets.
// What is evicted next, or why nothing is, is a pure function; the Reconciler on
// the leader gathers what that takes, and acts.
//
// It keeps promise 5 of design.md: an app is never worse off. One pod of a
// policy is renewed at a time, and the next one only when the pod in its place
// has its sidecar and is ready; if a pod that is created while the webhook works
// comes without one, all stops.
package eviction
