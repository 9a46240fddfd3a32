// Package configuration makes a sidecar's configuration from a policy.
//
// In comes a ProgressSyncPolicy as the API server has it, defaults filled in;
// out goes the configuration that sidecar/config describes, as a value, as the
// text of the file, and as the text that a pod is created with. Every policy that
// the API server admits makes a configuration that is valid for sidecars.
package configuration
