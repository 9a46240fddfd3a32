//go:build envtest

package operator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

func lease(t *testing.T) *coordinationv1.Lease {
	t.Helper()
	var object coordinationv1.Lease
	if err := admin.Get(context.Background(), client.ObjectKey{Namespace: operatorNamespace, Name: "progress-sync-operator"}, &object); err != nil {
		t.Fatal(err)
	}
	return &object
}

// leader's identity, empty while nobody leads.
func leader(t *testing.T) string {
	t.Helper()
	return ptr.Deref(lease(t).Spec.HolderIdentity, "")
}

func anotherLeads(t *testing.T, before string) {
	t.Helper()
	kit.Eventually(t, "another leads", func() error {
		now := leader(t)
		return kit.Unless(now != "" && now != before, now)
	})
}

// restart one of the replicas that the other tests need.
func restart(t *testing.T, r **replica) {
	t.Helper()
	replacement, err := startReplica(0)
	if err != nil {
		t.Fatal(err)
	}
	*r = replacement
}

func TestWhenTheLeaderEndsAnotherReplicaTakesOver(t *testing.T) {
	before := leader(t)
	firstReplica.stop()
	anotherLeads(t, before)
	ns := namespace(t)
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	if !injection.HasSidecar(pod) {
		t.Error("the pod was not injected")
	}
	restart(t, &firstReplica)
}

// asked is what a replica answers for a pod, and whether it wants to keep the
// connection.
func asked(t *testing.T, r *replica, ns string) (injected, keeps bool) {
	t.Helper()
	pod, err := json.Marshal(restricted(ns, "lms-0", "lms").Build())
	if err != nil {
		t.Fatal(err)
	}
	review, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Namespace: ns, Operation: admissionv1.Create,
			Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Object: runtime.RawExtension{Raw: pod},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	apiServer := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	url := "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(r.webhookPort)) + "/inject/" + ns + "/lms"
	response, err := apiServer.Post(url, "application/json", bytes.NewReader(review))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer admissionv1.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Response != nil && len(answer.Response.Patch) > 0, !response.Close
}

// The API server and the nodes hear late that a replica goes. A call that it
// does not answer any more is a pod without a sidecar.
func TestAReplicaThatIsToldToEndLeadsNoMoreAndServesOn(t *testing.T) {
	ns := namespace(t)
	installed(t, fixture.NewPolicy(ns, "lms"))
	r, err := startReplica(8 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	// The two others end, so that this one leads.
	before := leader(t)
	firstReplica.stop()
	secondReplica.stop()
	anotherLeads(t, before)
	ours := leader(t)
	restart(t, &firstReplica)
	restart(t, &secondReplica)
	if injected, keeps := asked(t, r, ns); !injected || !keeps {
		t.Fatalf("before the end: injected %t, keeps the connection %t", injected, keeps)
	}

	r.cancel()
	kit.Eventually(t, "it is not ready", func() error {
		return kit.Unless(get(context.Background(), "http://"+r.health+"/readyz") != nil, "ready")
	})
	anotherLeads(t, ours)
	injected, keeps := asked(t, r, ns)
	if r.ended() {
		t.Fatal("it ended before another led")
	}
	if !injected {
		t.Error("it answers without a sidecar")
	}
	if keeps {
		t.Error("it keeps a connection that it is about to close under the API server's next call")
	}
	if err := get(context.Background(), "http://"+r.health+"/healthz"); err != nil {
		t.Errorf("the kubelet would kill it: %v", err)
	}
	r.stop()
}

func TestTheLeaseGoesWithTheOperator(t *testing.T) {
	uid := role(t).UID
	kit.Eventually(t, "the ClusterRole owns the lease", func() error {
		owners := lease(t).OwnerReferences
		return kit.Unless(len(owners) == 1 && owners[0].Kind == "ClusterRole" && owners[0].UID == uid, owners)
	})
}

// Uninstalling takes the operator's rights before it can give the lease back;
// the cluster removes the lease with the ClusterRole.
func TestAnOperatorThatIsInstalledAgainLeadsAtOnce(t *testing.T) {
	firstReplica.stop()
	secondReplica.stop()
	held := lease(t)
	held.Spec.HolderIdentity = ptr.To("an operator that was uninstalled")
	held.Spec.LeaseDurationSeconds = ptr.To[int32](3600)
	held.Spec.RenewTime = ptr.To(metav1.NowMicro())
	if err := admin.Update(context.Background(), held); err != nil {
		t.Fatal(err)
	}
	restart(t, &firstReplica)
	if now := leader(t); now != *held.Spec.HolderIdentity {
		t.Fatalf("%q leads", now)
	}
	if err := admin.Delete(context.Background(), held); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the new one leads, and its lease has an owner", func() error {
		var object coordinationv1.Lease
		if err := admin.Get(context.Background(), client.ObjectKeyFromObject(held), &object); err != nil {
			return err
		}
		return kit.Unless(len(object.OwnerReferences) == 1, ptr.Deref(object.Spec.HolderIdentity, ""))
	})
	restart(t, &secondReplica)
}
