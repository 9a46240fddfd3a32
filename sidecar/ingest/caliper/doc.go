// Package caliper reads envelopes of Caliper Analytics, versions 1.1 and 1.2, as
// updates: what the media profile says of a learner and a video or a sound.
//
// Bytes come in; out goes an outcome for each element of the envelope, or why the whole
// of it is refused. docs/standards.md says what each action becomes.
package caliper
