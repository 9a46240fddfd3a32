//go:build envtest

package operator_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionreviewv1 "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

// meshWebhook adds a native sidecar at the end of a pod's init containers, as a
// mesh does. By its name the API server calls it after the operator.
func meshWebhook(t *testing.T, namespace string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionreviewv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		review.Response = &admissionreviewv1.AdmissionResponse{
			UID: review.Request.UID, Allowed: true, PatchType: ptr.To(admissionreviewv1.PatchTypeJSONPatch),
			Patch: []byte(`[{"op":"add","path":"/spec/initContainers/-","value":{"name":"mesh-proxy","image":"registry.example/proxy:1","restartPolicy":"Always"}}]`),
		}
		_ = json.NewEncoder(w).Encode(review)
	}))
	t.Cleanup(server.Close)
	object := &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: objectMeta("", "zz-mesh"),
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "proxy.mesh.example", SideEffects: ptr.To(admissionv1.SideEffectClassNone), AdmissionReviewVersions: []string{"v1"},
			ClientConfig: admissionv1.WebhookClientConfig{
				URL: &server.URL, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	}
	create(t, object)
	t.Cleanup(func() { _ = admin.Delete(context.Background(), object) })
}

func TestTheSidecarGetsBehindAProxyThatAMeshAddsAfterIt(t *testing.T) {
	ns := unrestricted(t)
	installed(t, fixture.NewPolicy(ns, "lms"))
	meshWebhook(t, ns)
	kit.Eventually(t, "the mesh is called for pods, and the sidecar is behind its proxy", func() error {
		pod := fixture.NewPod(ns, "", "lms").InitContainer("migrate").With(func(p *corev1.Pod) { p.UID, p.GenerateName = "", "lms-" }).Build()
		create(t, pod)
		return kit.Unless(fixture.InitNames(pod) == "migrate mesh-proxy progress-sync", fixture.InitNames(pod))
	})
}
