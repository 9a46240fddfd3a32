package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/cluster/programs"
)

// program is one process of the cluster.
type program struct {
	name string
	args []string
	env  []string
}

// step starts programs and knows when they have done their part.
type step struct {
	what     string
	programs []program
	done     func(context.Context) error
}

func (o Options) steps(c *Cluster, pause []images.Built) []step {
	return []step{
		{"etcd", []program{o.etcdProgram()}, answers(o.etcd() + "/health")},
		{"API server", []program{o.apiServer(), o.containerd()}, func(ctx context.Context) error {
			return c.quick(ctx, "get", "--raw", "/readyz")
		}},
		{"container runtime", []program{o.controllerManager(), o.scheduler()}, func(ctx context.Context) error {
			if _, err := os.Stat(o.containerdSocket()); err != nil {
				return err
			}
			return c.Load(ctx, pause...)
		}},
		{"node ready", []program{o.kubelet()}, func(ctx context.Context) error {
			return c.quick(ctx, "wait", "--for=condition=Ready", "--timeout=1s", "node/"+o.node())
		}},
		{"services", []program{o.proxy()}, func(ctx context.Context) error {
			return errors.Join(o.serviceReachable(ctx), c.quick(ctx, "get", "serviceaccount", "default"))
		}},
	}
}

// answers is true once a GET of the address succeeds.
func answers(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return fmt.Errorf("asking %s: %w", address, err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("asking %s: %w", address, err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("asking %s: %s", address, response.Status)
		}
		return nil
	}
}

// serviceReachable asks the API server at its service address, which only
// kube-proxy makes reachable.
func (o Options) serviceReachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := run(ctx, o.Bin()+"/"+programs.Kubectl, "--kubeconfig", o.Kubeconfig(), "--server", "https://"+o.serviceIP(), "get", "--raw", "/readyz")
	return err
}

func (o Options) etcdProgram() program {
	return program{name: programs.Etcd, args: []string{
		"--data-dir=" + o.path("etcd"),
		"--listen-client-urls=" + o.etcd(), "--advertise-client-urls=" + o.etcd(),
		"--listen-peer-urls=http://" + o.loopback() + ":2380",
		// The cluster is thrown away; the machine's disk belongs to what is tested.
		"--unsafe-no-fsync",
	}}
}

func (o Options) apiServer() program {
	pki := func(name string) string { return o.path("pki", name) }
	return program{name: programs.APIServer, args: []string{
		"--etcd-servers=" + o.etcd(),
		"--bind-address=" + o.Gateway(), "--advertise-address=" + o.Gateway(), "--secure-port=6443",
		"--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
		"--client-ca-file=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("admin.crt"), "--kubelet-client-key=" + pki("admin.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-key-file=" + pki("service-accounts.key"),
		"--service-account-signing-key-file=" + pki("service-accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=" + o.serviceRange(),
		"--allow-privileged=true",
	}}
}

func (o Options) controllerManager() program {
	return program{name: programs.ControllerManager, args: []string{
		"--kubeconfig=" + o.Kubeconfig(), "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file=" + o.path("pki", "service-accounts.key"),
		"--root-ca-file=" + o.path("pki", "ca.crt"),
		"--flex-volume-plugin-dir=" + o.path("volume-plugins"),
	}}
}

func (o Options) scheduler() program {
	return program{name: programs.Scheduler, args: []string{
		"--kubeconfig=" + o.Kubeconfig(), "--leader-elect=false", "--secure-port=0",
	}}
}

func (o Options) containerd() program {
	// containerd looks for its shim, and the shim for runc, on the path.
	path := "PATH=" + strings.Join([]string{o.Bin(), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}, ":")
	return program{name: programs.Containerd, args: []string{"--config", o.path("containerd.toml")}, env: []string{path}}
}

func (o Options) kubelet() program {
	return program{name: programs.Kubelet, args: []string{
		"--config=" + o.path("kubelet.yaml"), "--kubeconfig=" + o.Kubeconfig(),
		"--root-dir=" + o.path("kubelet"), "--cert-dir=" + o.path("kubelet", "pki"),
		"--hostname-override=" + o.node(), "--node-ip=" + o.Gateway(),
	}}
}

func (o Options) proxy() program {
	return program{name: programs.Proxy, args: []string{"--config=" + o.path("kube-proxy.yaml")}}
}
