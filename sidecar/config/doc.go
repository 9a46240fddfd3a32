// Package config is the sidecar's configuration file: its types, defaults and
// limits, how it is read, how a change of the file reaches a running sidecar, and
// what is used where the file is missing, stuck or somebody else's. The operator
// writes the file from a ProgressSyncPolicy; it and the status document are all
// that operator and sidecar share.
package config
