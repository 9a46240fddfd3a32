package webhookconfig

import (
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/test/fixture"
)

// written by the leader of the installation with this owner, with one policy.
func written(names []string, owner types.UID) []client.Object {
	var out []client.Object
	for _, name := range names {
		var policies []*fixture.Policy
		if name == NameFor("campus") || name == legacyName {
			policies = append(policies, fixture.NewPolicy("campus", "lms"))
		}
		configuration := built(server, policies...)
		configuration.Name = name
		configuration.OwnerReferences = []metav1.OwnerReference{{UID: owner}}
		out = append(out, configuration)
	}
	return out
}

// A replica that is ready too early is one for whose installation `helm install
// --wait` returns while pods stay bare; one that is never ready holds up every
// rolling update.
func TestAReplicaIsReadyOnceTheAPIServerWasToldOfIt(t *testing.T) {
	going := written(Names(), role.UID)
	going[3].SetDeletionTimestamp(ptr.To(metav1.Now()))
	going[3].SetFinalizers([]string{"example.org/slow"})
	for name, c := range map[string]struct {
		configurations []client.Object
		bundle         string
		says           string
	}{
		"all are there":                          {written(Names(), role.UID), "the CA", ""},
		"none is there":                          {nil, "the CA", "progress-sync-00 yet"},
		"one is missing":                         {written(slices.Concat(Names()[:7], Names()[8:]), role.UID), "the CA", "progress-sync-07 yet"},
		"one is being deleted":                   {going, "the CA", "progress-sync-03: it is being deleted"},
		"they are of the installation before":    {written(Names(), "before"), "the CA", "installation before this one"},
		"the API server trusts another CA":       {written(Names(), role.UID), "another CA", "lms.campus.pods.progresssync.dev does not trust"},
		"an older version still leads":           {written([]string{legacyName}, role.UID), "the CA", ""},
		"an older version's, from an older role": {written([]string{legacyName}, "before"), "the CA", "progress-sync-00 yet"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := cluster(t, append(c.configurations, role)...)
			readiness := &Readiness{Client: cluster, Live: cluster, ClusterRole: role.Name, CABundle: func() []byte { return []byte(c.bundle) }}
			err := readiness.Check(t.Context())
			if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestAReadyReplicaStaysSoWhateverBecomesOfTheConfigurations(t *testing.T) {
	cluster := cluster(t, append(written(Names(), role.UID), role)...)
	readiness := &Readiness{Client: cluster, Live: cluster, ClusterRole: role.Name, CABundle: func() []byte { return []byte("the CA") }}
	if err := readiness.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := cluster.DeleteAllOf(t.Context(), &admissionv1.MutatingWebhookConfiguration{}); err != nil {
		t.Fatal(err)
	}
	if err := readiness.Check(t.Context()); err != nil {
		t.Errorf("every replica would leave the Service at once: %v", err)
	}
}
