// Package policy reconciles a ProgressSyncPolicy.
//
// In come the policy, the pods of its namespace, the webhook configuration and
// what the sidecars say of themselves; out go the ConfigMap that the sidecars
// read and the policy's status. One pass gathers (I/O), decides (pure: counts,
// an ordered chain of checks for each condition), and writes once, where
// something differs.
//
// It keeps promise 7 of design.md: pods without a sidecar, sidecars that do not
// answer, parked and refused records show on the policy; and promise 6: it
// reads no Secret of a user's namespace.
package policy
