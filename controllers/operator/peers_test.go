//go:build envtest

package operator_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestSidecarsThatDoNotReachEachOtherShowAndStopNothing(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	reaching, blocked := healthy(policy), healthy(policy)
	reaching.Peers = &sidecar.Peers{Mode: config.PeersAuto, Members: 2, Candidates: 2, Reached: 1, HandedOn: 1850}
	blocked.Peers = &sidecar.Peers{
		Mode: config.PeersAuto, Members: 2, Candidates: 2, Unreached: 1, KeptLocally: map[string]int64{"connect": 1850},
		Failure: &sidecar.PeersFailure{Reason: "connect", Since: time.Now().Add(-time.Hour)},
	}
	var ips []string
	for _, name := range []string{"lms-0", "lms-1"} {
		pod := restricted(ns, name, "lms").Build()
		create(t, pod)
		ips = append(ips, sidecars.run(t, pod, reaching))
	}
	got := condition(t, policy, v1alpha1.ConditionPeered, "both reach each other", reason(v1alpha1.ReasonPeered))
	got = waitStatus(t, got, "both are in the sums", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Sidecars.Peered == 2 })
	if u := got.Status.Updates; u.HandedOn != 3700 || u.HandedOnShare != "50.0%" || u.KeptLocally != nil {
		t.Errorf("updates: %+v", u)
	}

	for _, ip := range ips {
		sidecars.say(ip, blocked)
	}
	got = condition(t, policy, v1alpha1.ConditionPeered, "neither reaches the other", reason(v1alpha1.ReasonPeersBlocked))
	if c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionPeered); !strings.Contains(c.Message, "block port 9788 between the pods") {
		t.Error(c.Message)
	}
	if !meta.IsStatusConditionTrue(got.Status.Conditions, v1alpha1.ConditionReady) {
		t.Error("what costs only writes stops a rollout")
	}
	got = waitStatus(t, got, "what was kept is in the sums", func(p *v1alpha1.ProgressSyncPolicy) bool { return p.Status.Sidecars.Peered == 0 })
	if u := got.Status.Updates; u.KeptLocally["connect"] != 3700 {
		t.Errorf("updates: %+v", u)
	}
}
