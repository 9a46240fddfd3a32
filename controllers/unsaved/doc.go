// Package unsaved remembers what pods had not saved when they went, until it is
// in the status of their policy.
//
// In come pods as the API server's watch last shows them: deleted, or ended and
// not deleted yet. What their sidecars said at their end is in their containers'
// termination messages. Out goes, for each policy, a list of those pods, which
// stays until whoever counted it acknowledges that, so that a count survives a
// status that could not be written, and each pod is counted once.
//
// It keeps promise 7 of design.md: what goes with a pod's own volume is counted.
package unsaved
