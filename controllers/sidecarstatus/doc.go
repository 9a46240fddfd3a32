// Package sidecarstatus asks sidecars how they are and adds up what they say.
//
// In come the addresses of a policy's sidecars; out goes one Summary. The
// Collector asks (few at a time, for a short time, reading little) and
// remembers the last answer of each, so that one missed poll changes nothing;
// Summarize is pure.
//
// An answer comes from the pod network and is not believed further than it has
// to be: numbers are bounded, errors are taken by their class and put in words
// here, so that nothing a pod says reaches the status of a policy as text
// (design.md, promise 6). A sidecar that does not answer is counted (promise 7).
package sidecarstatus
