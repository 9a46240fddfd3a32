package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// telling facts of four pods whose sidecars say this of each other.
func telling(p sidecarstatus.Peers, changes ...func(*facts)) *facts {
	return healthy(append([]func(*facts){func(f *facts) {
		f.pods.matched, f.pods.injected, f.pods.ready = 4, 4, 4
		f.sidecars.Asked, f.sidecars.Answering, f.sidecars.Peers = 4, 4, p
	}}, changes...)...)
}

func TestPeered(t *testing.T) {
	const yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	type peers = sidecarstatus.Peers
	unregistered := func(reason string) peers {
		return peers{Told: 4, Peered: 3, Members: 3, Unregistered: map[string]int{reason: 1}}
	}
	off := func(f *facts) { f.policy.Spec.Peers.Mode = v1alpha1.PeersOff }
	alone := func(f *facts) { f.sidecars.Asked, f.sidecars.Answering = 1, 1 }
	silent := func(f *facts) { f.sidecars.Answering, f.sidecars.Unreachable = 0, 4 }
	for name, c := range map[string]struct {
		facts  *facts
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"all reach each other":                           {telling(peers{Told: 4, Peered: 4, Members: 4}), yes, "Peered", "4 of 4"},
		"one has just started":                           {telling(peers{Told: 4, Peered: 3, Members: 4}), yes, "Peered", "3 of 4"},
		"a node that few reach is no NetworkPolicy":      {telling(peers{Told: 4, Peered: 3, Members: 4, Unreaching: 1}), yes, "Peered", "3 of 4"},
		"most do not reach the others":                   {telling(peers{Told: 4, Peered: 1, Members: 4, Unreaching: 3}), no, "PeersBlocked", "3 of 4 sidecars have not reached most others"},
		"one direction of a pair":                        {telling(peers{Told: 2, Peered: 1, Members: 2, Unreaching: 1}), no, "PeersBlocked", "block port 9788 between the pods: docs/operating.md#peers"},
		"another port":                                   {telling(peers{Told: 2, Members: 2, Unreaching: 2}, func(f *facts) { f.policy.Spec.Peers.Port = 19788 }), no, "PeersBlocked", "port 19788"},
		"a pod that uses the port":                       {telling(unregistered("no_port")), no, "PeersNotRegistered", "1 sidecar writes what the pod gets and nothing else, since others can't find it: containers of the pods use port 9788"},
		"a port that is taken":                           {telling(unregistered("port_taken")), no, "PeersNotRegistered", "set peers.port to one that is free, and restart the pods: delete and create pod lms-0 again"},
		"a table that is missing":                        {telling(unregistered("no_registry")), no, "PeersNotRegistered", "the user in Secret lms-db can't use the table progress_sync.sidecars"},
		"a reason that the operator does not know":       {telling(unregistered("")), no, "PeersNotRegistered", "their logs say why"},
		"of several reasons that of most":                {telling(peers{Told: 4, Members: 1, Peered: 1, Unregistered: map[string]int{"no_registry": 1, "port_taken": 2}}), no, "PeersNotRegistered", "3 sidecars write what the pod gets and nothing else, since others can't find it: something in the pods"},
		"some are too old":                               {telling(peers{Told: 2, Silent: 2, Peered: 2, Members: 2}), no, "MixedVersions", "restart the pods that are outdated: "},
		"some speak another version of the protocol":     {telling(peers{Told: 4, Peered: 4, Members: 4, OtherProtocol: 4}), no, "MixedVersions", ""},
		"all are too old":                                {telling(peers{Silent: 4}), unknown, "PeersUnknown", "older than the operator"},
		"none has the policy's mode yet":                 {telling(peers{}), unknown, "PeersUnknown", "have not heard yet"},
		"none has registered yet":                        {telling(peers{Told: 4}), unknown, "PeersUnknown", "have not found each other"},
		"each knows itself only, yet":                    {telling(peers{Told: 4, Peered: 4, Members: 1}), unknown, "PeersUnknown", "have not found each other"},
		"a definition that knows no peers":               {telling(peers{Told: 4}, func(f *facts) { f.policy.Spec.Peers = v1alpha1.PeersSpec{} }), unknown, "PeersUnknown", "CustomResourceDefinition is older"},
		"one pod":                                        {telling(peers{Told: 1, Peered: 1, Members: 1}, alone), yes, "NoPeers", "one sidecar"},
		"one pod whose port is taken loses nothing":      {telling(peers{Told: 1, Unregistered: map[string]int{"port_taken": 1}}, alone), yes, "NoPeers", ""},
		"one pod that shares the table with a policy":    {telling(peers{Told: 1, Members: 2, Unreaching: 1}, alone), no, "PeersBlocked", "1 of 1"},
		"peers are off":                                  {telling(peers{}, off), unknown, "PeersOff", "peers.mode is Off"},
		"peers are off, and some have not heard of that": {telling(peers{Told: 4, Members: 4, Unreaching: 4}, off), unknown, "PeersOff", ""},
		"no pods":        {healthy(withoutPods), unknown, "NoSidecars", ""},
		"nobody answers": {telling(peers{}, silent), unknown, "SidecarsUnreachable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := meta.FindStatusCondition(conditions(c.facts), v1alpha1.ConditionPeered)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("%s (%s): %s", got.Status, got.Reason, got.Message)
			}
		})
	}
}

// Homes save writes and are never needed. So a policy without them stops no rollout
// and wakes nobody, but whoever looks at it sees it.
func TestWithoutHomesAPolicyIsReadyAndNotHealthy(t *testing.T) {
	f := telling(sidecarstatus.Peers{Told: 4, Members: 4, Unreaching: 4})
	all := conditions(f)
	if !meta.IsStatusConditionTrue(all, v1alpha1.ConditionReady) {
		t.Errorf("not ready: %+v", all)
	}
	if c := meta.FindStatusCondition(all, v1alpha1.ConditionHealthy); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonPeersBlocked {
		t.Errorf("healthy is %s (%s)", c.Status, c.Reason)
	}
	if events := transitions(conditions(healthy()), all); len(events) > 0 {
		t.Errorf("events %+v", events)
	}
	failing(v1alpha1.ReasonDatabaseUnreachable)(f)
	if c := meta.FindStatusCondition(conditions(f), v1alpha1.ConditionHealthy); c.Reason != v1alpha1.ReasonDatabaseUnreachable {
		t.Errorf("an outage hides behind %s", c.Reason)
	}
}

func TestTheStatusTellsOfHomes(t *testing.T) {
	f := telling(sidecarstatus.Peers{Told: 4, Peered: 3, Members: 4})
	f.sidecars.Updates = sidecarstatus.Updates{Received: 1000, HandedOn: 748, KeptLocally: map[string]int64{"connect": 3}}
	got := status(f, v1alpha1.UnsavedStatus{})
	want := v1alpha1.UpdatesStatus{
		Received: 1000, WriteReduction: "100.0%", HandedOn: 748, HandedOnShare: "74.8%", KeptLocally: map[string]int64{"connect": 3},
	}
	if diff := cmp.Diff(want, got.Updates); diff != "" || got.Sidecars.Peered != 3 {
		t.Errorf("%d are peered; updates (-want +got):\n%s", got.Sidecars.Peered, diff)
	}
}
