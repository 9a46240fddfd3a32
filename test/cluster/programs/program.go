package programs

import (
	"fmt"
	"slices"
	"strings"
)

// Program is one executable and where it comes from.
type Program struct {
	// Name of the executable.
	Name string
	// Tool is the folder under test/cluster/tools that pins it.
	Tool string
	// Package to build, an import path or "." for the tool's own main.
	Package string
	// Module whose version is the program's version.
	Module string
	// stamp makes the linker flags that write the version into it.
	stamp func(version string) string
}

// Names of the programs, in the order in which building them takes least time.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	Kubectl           = "kubectl"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubelet           = "kubelet"
	Proxy             = "kube-proxy"
	Containerd        = "containerd"
	Shim              = "containerd-shim-runc-v2"
	Ctr               = "ctr"
	Helm              = "helm"
	Helm4             = "helm4"
)

// ForAPI are the programs of an API server alone, as envtest needs them.
func ForAPI() []string { return []string{Etcd, APIServer, Kubectl} }

// ForCluster are the programs of a whole cluster, and helm in both its versions.
func ForCluster() []string {
	names := make([]string, 0, len(all()))
	for _, p := range all() {
		names = append(names, p.Name)
	}
	return names
}

func all() []Program {
	var programs []Program
	for _, name := range []string{APIServer, Kubectl, ControllerManager, Scheduler, Kubelet, Proxy} {
		programs = append(programs, Program{
			Name: name, Tool: "kubernetes", Package: "k8s.io/kubernetes/cmd/" + name,
			Module: "k8s.io/kubernetes", stamp: kubernetesVersion,
		})
	}
	programs = append(programs, Program{Name: Etcd, Tool: "etcd", Package: ".", Module: "go.etcd.io/etcd/server/v3"})
	for _, name := range []string{Containerd, Shim, Ctr} {
		programs = append(programs, Program{
			Name: name, Tool: "containerd", Package: "github.com/containerd/containerd/v2/cmd/" + name,
			Module: "github.com/containerd/containerd/v2",
		})
	}
	return append(programs,
		Program{Name: Helm, Tool: "helm", Package: "helm.sh/helm/v3/cmd/helm", Module: "helm.sh/helm/v3"},
		Program{Name: Helm4, Tool: "helm4", Package: "helm.sh/helm/v4/cmd/helm", Module: "helm.sh/helm/v4"})
}

// kubernetesVersion stamps the version; an unstamped API server calls itself
// v0.0.0, and charts that name a kubeVersion refuse it.
func kubernetesVersion(version string) string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	const at = "-X k8s.io/component-base/version."
	return fmt.Sprintf("%sgitVersion=%s %sgitMajor=%s %sgitMinor=%s", at, version, at, major, at, minor)
}

func (p Program) linkerFlags(version string) string {
	flags := "-s -w"
	if p.stamp != nil {
		flags += " " + p.stamp(version)
	}
	return flags
}

// pick returns the named programs in building order.
func pick(names []string) ([]Program, error) {
	known := all()
	for _, name := range names {
		if !slices.ContainsFunc(known, func(p Program) bool { return p.Name == name }) {
			return nil, fmt.Errorf("no program is called %q", name)
		}
	}
	return slices.DeleteFunc(known, func(p Program) bool { return !slices.Contains(names, p.Name) }), nil
}
