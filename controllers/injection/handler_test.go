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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"
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
