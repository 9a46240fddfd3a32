package injection

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// TestAPodThatUsesThePortKeepsItsSidecar: without peers more rows are written, and
// without a sidecar none are merged.
func TestAPodThatUsesThePortKeepsItsSidecar(t *testing.T) {
	peersOf := func(change func(*v1alpha1.PeersSpec)) *fixture.Policy {
		return lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { change(&p.Spec.Peers) })
	}
	udp := func(p *corev1.Pod) { p.Spec.Containers[0].Ports[0].Protocol = corev1.ProtocolUDP }
	for name, c := range map[string]struct {
		pod    *fixture.Pod
		policy *fixture.Policy
		port   string // that the sidecar is told, empty for none
		warns  bool
	}{
		"a pod that uses no port":             {lmsPod(), lmsPolicy(), "9788", false},
		"a pod that uses another one":         {lmsPod().Listens(9789), lmsPolicy(), "9788", false},
		"a pod that uses the port":            {lmsPod().Listens(9788), lmsPolicy(), "", true},
		"a pod that uses it for UDP":          {lmsPod().Listens(9788).With(udp), lmsPolicy(), "9788", false},
		"a policy that has moved out of it":   {lmsPod().Listens(9788), peersOf(func(p *v1alpha1.PeersSpec) { p.Port = 19788 }), "19788", false},
		"one that has moved into it":          {lmsPod().Listens(19788), peersOf(func(p *v1alpha1.PeersSpec) { p.Port = 19788 }), "", true},
		"peers that may be switched on later": {lmsPod(), peersOf(func(p *v1alpha1.PeersSpec) { p.Mode = v1alpha1.PeersOff }), "9788", false},
		"the port in use, and no peers":       {lmsPod().Listens(9788), peersOf(func(p *v1alpha1.PeersSpec) { p.Mode = v1alpha1.PeersOff }), "", false},
		"an API server that knows no peers":   {lmsPod(), peersOf(func(p *v1alpha1.PeersSpec) { *p = v1alpha1.PeersSpec{} }), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			pod, result := Inject(c.pod.Build(), c.policy.Build(), options, usual())
			if result.Outcome != Injected {
				t.Fatalf("outcome %s (%s)", result.Outcome, result.Refusal.Message)
			}
			container := pod.Spec.InitContainers[0]
			variable := func(name string) *corev1.EnvVar {
				if i := slices.IndexFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == name }); i >= 0 {
					return &container.Env[i]
				}
				return nil
			}
			port, address := variable("PROGRESS_SYNC_PEERS_PORT"), variable("POD_IP")
			switch {
			case c.port == "" && (port != nil || address != nil):
				t.Errorf("it is told to listen at %v:%v", address, port)
			case c.port != "" && (port == nil || port.Value != c.port || address == nil || address.ValueFrom.FieldRef.FieldPath != "status.podIP"):
				t.Errorf("it is told %v:%v, want port %s of the pod's address", address, port, c.port)
			}
			if warned := len(result.Warnings) == 1 && strings.Contains(result.Warnings[0], "spec.peers.port"); warned != c.warns {
				t.Errorf("warnings %q", result.Warnings)
			}
		})
	}
}
