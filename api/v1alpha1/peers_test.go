//go:build envtest

package v1alpha1_test

import (
	"context"
	"testing"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// A user who writes the word as the documentation has it, without quotes, sends false.
func TestPeersAreOffWithQuotesAndWithout(t *testing.T) {
	for name, c := range map[string]struct {
		peers string
		want  v1alpha1.PeersMode
	}{
		"quoted":          {`{mode: "Off"}`, v1alpha1.PeersOff},
		"unquoted":        {`{mode: Off}`, v1alpha1.PeersOff},
		"in lower case":   {`{mode: off}`, v1alpha1.PeersOff},
		"false":           {`{mode: false}`, v1alpha1.PeersOff},
		"auto":            {`{mode: Auto}`, v1alpha1.PeersAuto},
		"nothing of that": {`{port: 9999}`, v1alpha1.PeersAuto},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			object := policy(t, "peers-", good+`peers: `+c.peers)
			object.SetName("")
			object.SetGenerateName("peers-")
			if err := server.Create(ctx, object, client.FieldValidation("Strict")); err != nil {
				t.Fatal(err)
			}
			// GitOps tools apply on the server, and must find no difference the second time.
			applied := policy(t, object.GetName(), good+`peers: `+c.peers)
			for range 2 {
				if err := server.Apply(ctx, client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner("gitops"), client.ForceOwnership); err != nil {
					t.Fatal(err)
				}
				if applied.GetGeneration() != 1 {
					t.Errorf("it is generation %d", applied.GetGeneration())
				}
				applied.SetManagedFields(nil)
				applied.SetResourceVersion("")
			}
			var got v1alpha1.ProgressSyncPolicy
			if err := server.Get(ctx, client.ObjectKeyFromObject(object), &got); err != nil {
				t.Fatal(err)
			}
			if got.Spec.Peers.Mode != c.want {
				t.Errorf("the mode is %q, want %q", got.Spec.Peers.Mode, c.want)
			}
			apimeta.SetStatusCondition(&got.Status.Conditions, metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Ready"})
			if err := server.Status().Update(ctx, &got); err != nil || got.Generation != 1 {
				t.Errorf("after the operator's status it is generation %d: %v", got.Generation, err)
			}
		})
	}
}
