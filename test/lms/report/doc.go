// Package report sends progress from the sample LMS to the sidecar beside it.
//
// In comes an update, out goes a request to PROGRESS_SYNC_URL, and back comes an
// Answer that says no more than is known: acknowledged, refused, or, when no
// answer was seen, uncertain.
package report
