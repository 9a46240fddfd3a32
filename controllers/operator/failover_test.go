//go:build envtest

package operator_test

import (
	"context"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// leader's identity, empty while nobody leads.
func leader(t *testing.T) string {
	t.Helper()
	var lease coordinationv1.Lease
	if err := admin.Get(context.Background(), client.ObjectKey{Namespace: operatorNamespace, Name: "progress-sync-operator"}, &lease); err != nil {
		t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

func TestWhenTheLeaderEndsAnotherReplicaTakesOver(t *testing.T) {
	before := leader(t)
	firstReplica.stop()
	eventually(t, "another leads", func() (bool, string) {
		now := leader(t)
		return now != "" && now != before, now
	})
	ns := namespace(t)
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	if !injection.HasSidecar(pod) {
		t.Error("the pod was not injected")
	}
	replacement, err := startReplica()
	if err != nil {
		t.Fatal(err)
	}
	firstReplica = replacement
}
