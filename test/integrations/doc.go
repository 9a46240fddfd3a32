// Package integrations checks the examples of docs/integrations.
//
// What the documents quote is what the files under docs/integrations/examples
// say, always. With the build tag integrations, each example runs in a small app
// of its framework (folder apps) in front of a real sidecar, and has to keep a
// learner from everything that is not theirs; this needs the packages that the
// failure names.
package integrations
