// Package selection says which policy has a pod.
//
// In come the policies of a namespace and a pod's labels; out goes the policy
// that selects the pod, the older one where several do. The webhook and the
// reconciler both ask here, so that what is injected and what is reported
// cannot disagree.
package selection
