// Package installation ties to an installation of the operator what the
// operator makes outside of its release.
//
// In comes the name of the operator's ClusterRole, which is part of every
// installation; out goes a reference to it as the owner. What has it, the
// webhook configurations and the leader's lease, is removed by the cluster when
// the operator is uninstalled, and nothing of one installation stands in the
// way of the next.
package installation
