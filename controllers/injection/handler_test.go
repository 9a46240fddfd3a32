package injection

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// world of a handler: what its cache knows, and what only the API server does.
type world struct {
	handler *Handler
	events  *events.FakeRecorder
	metrics *prometheus.Registry
}

func newWorld(t *testing.T, cached, live []*fixture.Policy) world {
	t.Helper()
	w := world{events: events.NewFakeRecorder(10), metrics: prometheus.NewRegistry()}
	metrics, err := NewMetrics(w.metrics)
	if err != nil {
		t.Fatal(err)
	}
	w.handler = &Handler{
		Cached: reader(t, cached), Live: reader(t, append(live, cached...)),
		Options: options, Events: w.events, Metrics: metrics,
		Now: func() time.Time { return time.Unix(0, 0) },
	}
	return w
}

func reader(t *testing.T, policies []*fixture.Policy) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	builder := fake.NewClientBuilder().WithScheme(scheme)
	for _, p := range policies {
		builder = builder.WithObjects(p.Build())
	}
	return builder.Build()
}

// ask about a pod, as the entry of a policy does.
func (w world) ask(namespace, policy string, raw []byte, dryRun bool) admission.Response {
	ctx := context.WithValue(context.Background(), policyKey{}, types.NamespacedName{Namespace: namespace, Name: policy})
	return w.handler.Handle(ctx, admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID: "request", Namespace: "campus", Object: runtime.RawExtension{Raw: raw}, DryRun: ptr.To(dryRun),
	}})
}

func (w world) count(outcome Outcome) float64 {
	return testutil.ToFloat64(w.handler.Metrics.outcomes.WithLabelValues(string(outcome)))
}

// raw pod as the API server sends it: its namespace may be left to the request.
func raw(t *testing.T, pod *fixture.Pod) []byte {
	t.Helper()
	object := pod.Build()
	object.Namespace = ""
	out, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// patched pod, as the API server makes it.
func patched(t *testing.T, raw []byte, response admission.Response) []byte {
	t.Helper()
	text, err := json.Marshal(response.Patches)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := patch.Apply(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// patchedBy the patch from one pod to the other, as the API server makes it.
func patchedBy(t *testing.T, before, after *corev1.Pod) *corev1.Pod {
	t.Helper()
	raw, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var out corev1.Pod
	if err := json.Unmarshal(patched(t, raw, admission.Patched("", patch(before, after)...)), &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestThePatchMakesTheInjectedPod(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	for name, pod := range map[string]*fixture.Pod{
		"plain": lmsPod(),
		"busy": lmsPod().InitContainer("migrate").Annotation("a", "b").With(func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "cache"}}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "worker", Env: []corev1.EnvVar{{Name: "A"}}})
		}),
		"last": lmsPod().InitContainer("migrate").Annotation(AnnotationOrder, "last"),
	} {
		t.Run(name, func(t *testing.T) {
			before := raw(t, pod)
			response := w.ask("campus", "lms", before, false)
			if !response.Allowed {
				t.Fatalf("refused: %+v", response.Result)
			}
			var got corev1.Pod
			if err := json.Unmarshal(patched(t, before, response), &got); err != nil {
				t.Fatal(err)
			}
			sent := pod.Build()
			sent.Namespace = ""
			want, _ := Inject(sent, lmsPolicy().Build(), options, Namespace{})
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Errorf("pod (-Inject +patched):\n%s", diff)
			}
		})
	}
	if w.count(Injected) != 3 {
		t.Errorf("counted %v", w.count(Injected))
	}
}

func TestFieldsOfANewerAPIStay(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	before := []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"lms-0","labels":{"app":"lms"},"newMeta":1},
		"spec":{"newSpec":{"a":1},"resources":{"limits":{"memory":"1Gi"},"newLevel":2},"initContainers":[{"name":"migrate","newInit":true}],"containers":[{"name":"lms","newField":"x"}]}}`)
	var got struct {
		Metadata struct{ NewMeta int }
		Spec     struct {
			NewSpec   struct{ A int }
			Resources struct {
				NewLevel int
				Limits   map[string]string
			}
			InitContainers []struct {
				Name    string
				NewInit bool
			}
			Containers []struct{ Name, NewField string }
		}
	}
	if err := json.Unmarshal(patched(t, before, w.ask("campus", "lms", before, false)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Metadata.NewMeta != 1 || got.Spec.NewSpec.A != 1 || got.Spec.Containers[0].NewField != "x" ||
		got.Spec.Resources.NewLevel != 2 || got.Spec.Resources.Limits["memory"] != "1280Mi" ||
		len(got.Spec.InitContainers) != 2 || !got.Spec.InitContainers[1].NewInit {
		t.Errorf("%+v", got)
	}
}

func TestWhatTheHandlerAnswers(t *testing.T) {
	older := fixture.NewPolicy("campus", "older").Selects("app", "lms").Created(-time.Hour)
	younger := fixture.NewPolicy("campus", "younger").Selects("app", "lms").Created(time.Hour)
	cases := map[string]struct {
		cached, live      []*fixture.Policy
		namespace, policy string
		pod               []byte
		dryRun            bool

		allowed  bool
		outcome  Outcome
		warns    string
		hasEvent bool
	}{
		"a pod on the host's network, with an event": {
			cached: []*fixture.Policy{lmsPolicy()}, pod: raw(t, lmsPod().HostNetwork()),
			allowed: true, outcome: Refused, warns: "host's network", hasEvent: true,
		},
		"on a dry run, without one": {
			cached: []*fixture.Policy{lmsPolicy()}, pod: raw(t, lmsPod().HostNetwork()), dryRun: true,
			allowed: true, outcome: Refused, warns: "host's network",
		},
		"a pod that opted out": {
			cached: []*fixture.Policy{lmsPolicy()}, pod: raw(t, lmsPod().Annotation(AnnotationInject, "false")),
			allowed: true, outcome: OptedOut,
		},
		"a policy that the cache does not know yet": {
			live: []*fixture.Policy{lmsPolicy()}, pod: raw(t, lmsPod()), allowed: true, outcome: Injected,
		},
		"a policy that was deleted": {
			pod: raw(t, lmsPod()), allowed: true, outcome: Refused, warns: "was deleted",
		},
		"a pod that an older policy has": {
			cached: []*fixture.Policy{lmsPolicy(), older}, pod: raw(t, lmsPod()), allowed: true, outcome: AlreadyInjected,
		},
		"a pod that a younger policy selects too": {
			cached: []*fixture.Policy{lmsPolicy(), younger}, pod: raw(t, lmsPod()), allowed: true, outcome: Injected,
		},
		"a short grace period": {
			cached: []*fixture.Policy{lmsPolicy()}, pod: raw(t, lmsPod().GracePeriod(time.Second)),
			allowed: true, outcome: Injected, warns: "terminationGracePeriodSeconds is 1",
		},
		"a pod of another namespace than the policy's": {
			cached: []*fixture.Policy{lmsPolicy()}, namespace: "academy", pod: raw(t, lmsPod()), outcome: failed,
		},
		"no pod at all": {
			cached: []*fixture.Policy{lmsPolicy()}, pod: []byte(`{"spec":[]}`), outcome: failed,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.cached, c.live)
			namespace, policy := "campus", "lms"
			if c.namespace != "" {
				namespace = c.namespace
			}
			response := w.ask(namespace, policy, c.pod, c.dryRun)
			if response.Allowed != c.allowed {
				t.Errorf("allowed %t: %+v", response.Allowed, response.Result)
			}
			if w.count(c.outcome) != 1 {
				t.Errorf("not counted as %s", c.outcome)
			}
			if (len(response.Patches) > 0) != (c.outcome == Injected) {
				t.Errorf("patches: %v", response.Patches)
			}
			if said := strings.Join(response.Warnings, "\n"); !strings.Contains(said, c.warns) || (c.warns == "") != (said == "") {
				t.Errorf("warnings: %q", said)
			}
			if got := len(w.events.Events) > 0; got != c.hasEvent {
				t.Errorf("event: %t", got)
			}
		})
	}
}

// broken reader of an API server that does not answer.
type broken struct{ client.Reader }

func (broken) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("connection refused")
}

func TestAnErrorIsLeftToTheFailurePolicy(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.handler.Cached = broken{}
	response := w.ask("campus", "lms", raw(t, lmsPod()), false)
	if response.Allowed || response.Result.Code != http.StatusInternalServerError {
		t.Errorf("%+v", response.AdmissionResponse)
	}
}

// policiesOnly is a cache that has nothing but policies.
type policiesOnly struct{ client.Reader }

func (r policiesOnly) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if _, ok := object.(*v1alpha1.ProgressSyncPolicy); !ok {
		return errors.New("forbidden")
	}
	return r.Reader.Get(ctx, key, object, options...)
}

func (r policiesOnly) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if _, ok := list.(*v1alpha1.ProgressSyncPolicyList); !ok {
		return errors.New("forbidden")
	}
	return r.Reader.List(ctx, list, options...)
}

func TestWhatCannotBeReadKeepsNoPodFromItsSidecar(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	w.handler.Cached, w.handler.Live = policiesOnly{w.handler.Cached}, policiesOnly{w.handler.Live}
	pod := lmsPod().With(func(p *corev1.Pod) { p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{fromConfigMap("env", "")} })
	before := raw(t, pod)
	var got corev1.Pod
	if err := json.Unmarshal(patched(t, before, w.ask("campus", "lms", before, false)), &got); err != nil {
		t.Fatal(err)
	}
	if !HasSidecar(&got) || *got.Spec.InitContainers[0].SecurityContext.RunAsUser != userID || urlIn(got.Spec.Containers[0]) == "" {
		t.Errorf("%+v", got.Spec)
	}
}

func TestTheHandlerReadsThePodsNamespace(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	minimum := containers(corev1.LimitRangeItem{Min: list("cpu", "300m")})
	minimum.Namespace, minimum.Name = "campus", "minimum"
	elsewhere := containers(corev1.LimitRangeItem{Min: list("cpu", "2")})
	elsewhere.Namespace, elsewhere.Name = "academy", "minimum"
	campus := &corev1.Namespace{}
	campus.Name, campus.Annotations = "campus", map[string]string{AnnotationUserRange: "1000920000/10000"}
	environment := &corev1.ConfigMap{Data: map[string]string{URLVariable: "http://127.0.0.1:1"}}
	environment.Namespace, environment.Name = "campus", "env"
	objects := fake.NewClientBuilder().WithScheme(w.handler.Cached.(client.Client).Scheme()).
		WithObjects(lmsPolicy().Build(), &minimum, &elsewhere, campus, environment).Build()
	w.handler.Cached, w.handler.Live = objects, objects

	before := raw(t, lmsPod().With(func(p *corev1.Pod) { p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{fromConfigMap("env", "")} }))
	var got corev1.Pod
	if err := json.Unmarshal(patched(t, before, w.ask("campus", "lms", before, false)), &got); err != nil {
		t.Fatal(err)
	}
	sidecar := got.Spec.InitContainers[0]
	if cpu := sidecar.Resources.Requests[corev1.ResourceCPU]; sidecar.SecurityContext.RunAsUser != nil || cpu.String() != "300m" || urlIn(got.Spec.Containers[0]) != "" {
		t.Errorf("user %v, cpu %s, app %+v", sidecar.SecurityContext.RunAsUser, cpu.String(), got.Spec.Containers[0])
	}
}

func TestWhatARefusalIsRelatedTo(t *testing.T) {
	owned := lmsPod().With(func(p *corev1.Pod) {
		p.Name, p.GenerateName = "", "lms-5d4f-"
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "lms-5d4f", UID: "1", Controller: ptr.To(true)}}
	}).Build()
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want runtime.Object
	}{
		"the pod":                        {lmsPod().Build(), &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "campus", Name: "lms-0", UID: "uid-of-lms-0"}},
		"its controller, without a name": {owned, &corev1.ObjectReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: "campus", Name: "lms-5d4f", UID: "1"}},
		"nothing, without either":        {lmsPod().With(func(p *corev1.Pod) { p.Name = "" }).Build(), nil},
	} {
		if diff := cmp.Diff(c.want, related(c.pod, "campus")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestThePathNamesThePolicy(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	mux := http.NewServeMux()
	mux.Handle(PathPattern, w.handler.Webhook())
	body, err := json.Marshal(admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{
		UID: "1", Namespace: "campus", Object: runtime.RawExtension{Raw: raw(t, lmsPod())},
	}})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/inject/campus/lms", strings.NewReader(string(body)))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer.Body.Bytes(), &review); err != nil {
		t.Fatal(err)
	}
	if !review.Response.Allowed || len(review.Response.Patch) == 0 || review.Response.UID != "1" {
		t.Errorf("%s", answer.Body)
	}
}

func BenchmarkHandle(b *testing.B) {
	w := newWorld(&testing.T{}, []*fixture.Policy{lmsPolicy()}, nil)
	pod := raw(&testing.T{}, lmsPod())
	for b.Loop() {
		w.ask("campus", "lms", pod, false)
	}
}
