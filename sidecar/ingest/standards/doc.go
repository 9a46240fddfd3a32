// Package standards has what the readers of the field's standards share: what they
// are asked, what they return, and the rules for names, numbers and sizes.
//
// xAPI and Caliper tell of single events: statements, or events of a sensor. Each
// becomes at most one progress.Update, under the event's own id, so that the rest of
// the sidecar sees no difference to what comes in its own form. An event that says
// nothing of a learner's progress in a lesson is accepted and not kept. It is pure.
package standards
