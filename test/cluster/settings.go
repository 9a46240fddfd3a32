package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/progress-sync/progress-sync/test/cluster/images"
)

// writeSettings writes the configuration files of containerd, its network
// plugins, the kubelet and kube-proxy.
func (o Options) writeSettings() error {
	files := map[string]string{
		"containerd.toml":        o.containerdSettings(),
		"cni/10-bridge.conflist": o.networkSettings(),
		"kubelet.yaml":           o.kubeletSettings(),
		"kube-proxy.yaml":        o.proxySettings(),
		// Pods must not look names up beyond this machine.
		"resolv.conf": "",
	}
	for name, content := range files {
		path := o.path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making the folder of %s: %w", name, err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// containerdSettings keep everything below the run folder and the sockets'
// folder: network namespaces, shims' sockets and runc's state too.
func (o Options) containerdSettings() string {
	return fmt.Sprintf(`version = 3
root = %[1]q
state = %[2]q
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing"]
[grpc]
  address = %[3]q
[plugins."io.containerd.shim.v1.manager"]
  socket_dir = %[4]q
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = %[5]q
[plugins."io.containerd.cri.v1.runtime"]
  # A machine without CAP_SYS_RESOURCE can't lower a sandbox's OOM score.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = %[6]q
    use_internal_loopback = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = %[7]q
`, o.path("containerd"), o.path("containerd-state"), o.containerdSocket(), o.sockets()+"/s",
		images.Pause().Ref, o.path("cni"), o.path("runc"))
}

// networkSettings give pods a route to the services and none to the world
// outside.
func (o Options) networkSettings() string {
	return fmt.Sprintf(`{"cniVersion": "1.0.0", "name": %q, "plugins": [{
  "type": "bridge", "bridge": %q, "isGateway": true, "ipMasq": false,
  "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": %q}]], "routes": [{"dst": %q}]}
}]}
`, o.bridge(), o.bridge(), o.path("addresses"), o.PodRange(), o.serviceRange())
}

// kubeletSettings shorten two waits that tests would otherwise sit through:
// syncFrequency, after which a changed ConfigMap reaches a volume, from a
// minute to five seconds, and the longest pause before a crashed container is
// started again from five minutes to one second.
func (o Options) kubeletSettings() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
healthzBindAddress: %[2]s
readOnlyPort: 0
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
containerRuntimeEndpoint: unix://%[3]s
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: %[4]s}
authorization: {mode: AlwaysAllow}
resolvConf: %[5]s
clusterDNS: [%[6]s]
podLogsDir: %[7]s
volumePluginDir: %[8]s
makeIPTablesUtilChains: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "100Mi"}
syncFrequency: 5s
crashLoopBackOff: {maxContainerRestartPeriod: 1s}
`, o.Gateway(), o.loopback(), o.containerdSocket(), o.path("pki", "ca.crt"), o.path("resolv.conf"), o.serviceIP(), o.path("pod-logs"), o.path("volume-plugins"))
}

// proxySettings masquerade all traffic to services: both ends hang on one
// bridge, and an answer must come back through the address translation.
func (o Options) proxySettings() string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
nftables: {masqueradeAll: true, minSyncPeriod: 100ms}
clientConnection: {kubeconfig: %s}
clusterCIDR: %s
hostnameOverride: %s
healthzBindAddress: %[4]s:10256
metricsBindAddress: %[4]s:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, o.Kubeconfig(), o.PodRange(), o.node(), o.loopback())
}
