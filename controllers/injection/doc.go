// Package injection puts the sidecar into a pod.
//
// In comes a pod as the API server is about to create it, the policy that
// selects it, the operator's options, and what the pod's namespace asks for; out
// goes the pod with a native sidecar, or the same pod and the reason why it was
// left alone. Inject does this and is pure; Handler is its thin edge at
// /inject/<namespace>/<policy>.
//
// It keeps promise 5 of design.md: whatever is wrong with a policy, a Secret or
// a pod, the pod is admitted, at worst without a sidecar; and promise 6: the
// sidecar's write API listens on loopback, its container is restricted and has no
// token, and credentials are files that only it mounts.
package injection
