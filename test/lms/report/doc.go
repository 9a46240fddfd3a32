// Package report sends progress from the sample LMS to the sidecar beside it, or from
// learners to any pod of the LMS, and reads it.
//
// In comes an update, out goes a request, and back comes an
// Answer that says no more than is known: acknowledged, refused, or, when no
// answer was seen, uncertain.
package report
