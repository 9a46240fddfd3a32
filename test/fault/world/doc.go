// Package world is what the fault suite breaks: sidecars as real processes, each
// restarted when it ends as kubelet does, and a Postgres primary with a
// streaming replica, each behind a proxy, so that the sidecars' connection
// string names both hosts and never changes but for its password. Those that are
// peers call each other by way of a network, since a trigger puts its addresses into
// the registry; a member is known by its keys, wherever it is reached.
//
// In come the sidecar's program and a folder; out come handles on all of it,
// for package inject. Faults must leave the world whole: Primary and Standby
// running and connected, every sidecar running.
package world
