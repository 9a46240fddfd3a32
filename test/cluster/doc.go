// Package cluster runs a real Kubernetes cluster of one node on a Linux
// machine as root: etcd, API server, controller manager, scheduler,
// containerd, kubelet and kube-proxy, without Docker, systemd or a registry.
//
// In: pinned programs (package programs), a few Debian packages (package
// debian) and images (package images). Out: a kubeconfig. Everything that runs
// belongs to one run folder, carries a mark in its environment or its cgroup,
// and is found by it again, so that Down leaves no process, mount, network
// namespace, bridge, route or nftables table behind, whatever happened to the
// one who called Up.
//
// With KUBECONFIG set, that cluster is used instead, and nothing here starts
// or stops anything.
package cluster
