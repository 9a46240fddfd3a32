package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/unsaved"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// campus is a reconciler with an API server that is a fake, and a clock.
type campus struct {
	*Reconciler
	now      time.Time
	recorder *events.FakeRecorder
	// documents of the sidecars, by address.
	documents map[string]*sidecar.Document
	// refused is what creating a ConfigMap ends with, broken patching a status.
	refused, broken error
	patches         int
}

func (c *campus) Fetch(_ context.Context, ip string) (*sidecar.Document, error) {
	if d := c.documents[ip]; d != nil {
		return d, nil
	}
	return nil, errors.New("connection refused")
}

func newCampus(t *testing.T, objects ...client.Object) *campus {
	t.Helper()
	c := &campus{now: noon, recorder: events.NewFakeRecorder(100), documents: map[string]*sidecar.Document{}}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	builder := fake.NewClientBuilder().WithScheme(scheme)
	if err := webhookconfig.Index(t.Context(), indexer{builder}); err != nil {
		t.Fatal(err)
	}
	server := builder.WithObjects(append(objects, lms().Build())...).
		WithStatusSubresource(&v1alpha1.ProgressSyncPolicy{}).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if c.refused != nil {
				return c.refused
			}
			return w.Create(ctx, o, opts...)
		},
		SubResourcePatch: func(ctx context.Context, w client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			c.patches++
			if c.broken != nil {
				return c.broken
			}
			return w.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	}).Build()
	now := func() time.Time { return c.now }
	c.Reconciler = &Reconciler{
		Client: server, Live: server, Events: c.recorder, Now: now, Injection: options,
		OperatorNamespace: "progress-sync",
		Collector:         sidecarstatus.NewCollector(sidecarstatus.Options{Fetcher: c, Now: now, Interval: 10 * time.Second, Concurrency: 1}),
		Creation:          &creation.Finder{Events: server, Live: server, Now: now},
		Unsaved:           &unsaved.Ledger{},
		Entries:           webhookconfig.Reader{Client: server},
	}
	return c
}

// indexer gives a fake client the indexes of a cache.
type indexer struct{ builder *fake.ClientBuilder }

func (i indexer) IndexField(_ context.Context, object client.Object, field string, extract client.IndexerFunc) error {
	i.builder.WithIndex(object, field, extract)
	return nil
}

func (c *campus) pass() (ctrl.Result, error) {
	return c.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "campus", Name: "lms"}})
}

func (c *campus) status(t *testing.T) v1alpha1.ProgressSyncPolicyStatus {
	t.Helper()
	var p v1alpha1.ProgressSyncPolicy
	if err := c.Client.Get(t.Context(), client.ObjectKey{Namespace: "campus", Name: "lms"}, &p); err != nil {
		t.Fatal(err)
	}
	return p.Status
}

// said are the reasons of the events since it was asked last.
func (c *campus) said() []string {
	var out []string
	for {
		select {
		case e := <-c.recorder.Events:
			out = append(out, strings.Fields(e)[1])
		default:
			return out
		}
	}
}

func TestTheStatusIsWrittenThoughTheConfigMapIsRefused(t *testing.T) {
	c := newCampus(t)
	c.refused = apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "progress-sync-lms",
		errors.New("exceeded quota: objects, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1"))
	if _, err := c.pass(); !errors.Is(err, c.refused) {
		t.Errorf("the pass ends with %v, and so is not tried again with a pause that grows", err)
	}
	ready := meta.FindStatusCondition(c.status(t).Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != v1alpha1.ReasonConfigMapNotWritten || !strings.Contains(ready.Message, "exceeded quota: objects") {
		t.Errorf("Ready is %+v", ready)
	}
	c.refused = nil
	if _, err := c.pass(); err != nil {
		t.Fatal(err)
	}
	if ready := meta.FindStatusCondition(c.status(t).Conditions, v1alpha1.ConditionReady); ready.Reason == v1alpha1.ReasonConfigMapNotWritten {
		t.Errorf("after the quota was raised Ready is %+v", ready)
	}
}

func TestAConfigMapOfThatNameIsLeftAsItIs(t *testing.T) {
	theirs := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "campus", Name: injection.ConfigMapName("lms"), Labels: map[string]string{"team": "campus"}},
		Data:       map[string]string{"settings.ini": "[mine]"},
	}
	c := newCampus(t, theirs)
	result, err := c.pass()
	if err != nil || result.RequeueAfter != occupied {
		t.Errorf("%+v, %v", result, err)
	}
	var after corev1.ConfigMap
	if err := c.Client.Get(t.Context(), client.ObjectKeyFromObject(theirs), &after); err != nil {
		t.Fatal(err)
	}
	if len(after.Data) != 1 || len(after.OwnerReferences) != 0 || len(after.Labels) != 1 {
		t.Errorf("it is %+v", after)
	}
	if got := c.status(t); !meta.IsStatusConditionTrue(got.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("conditions %+v", got.Conditions)
	}
}

// A cache shows a ConfigMap for a moment after it was deleted, and with what was in
// it after somebody changed it: the policy must not be called ready on its word.
func TestACacheThatIsBehindIsNotBelieved(t *testing.T) {
	stale := own("old")
	for name, there := range map[string]*corev1.ConfigMap{
		"deleted meanwhile": nil,
		"changed meanwhile": own("other", func(c *corev1.ConfigMap) { c.Data["notes"] = "mine" }),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCampus(t)
			if there != nil {
				if err := c.Live.(client.Client).Create(t.Context(), there.DeepCopy()); err != nil {
					t.Fatal(err)
				}
			}
			c.Client = interceptor.NewClient(c.Client.(client.WithWatch), interceptor.Funcs{
				Get: func(ctx context.Context, w client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
					if object, ok := o.(*corev1.ConfigMap); ok {
						stale.DeepCopyInto(object)
						object.ResourceVersion = "7"
						return nil
					}
					return w.Get(ctx, key, o, opts...)
				},
			})
			if _, err := c.pass(); err != nil {
				t.Fatal(err)
			}
			var after corev1.ConfigMap
			if err := c.Live.Get(t.Context(), client.ObjectKeyFromObject(stale), &after); err != nil || !strings.Contains(after.Data[injection.ConfigKey], `"lms"`) {
				t.Errorf("the pass ended with %v and a ConfigMap with %v", err, after.Data)
			}
			if there != nil && after.Data["notes"] != "mine" {
				t.Errorf("what somebody wrote into it is gone: %v", after.Data)
			}
		})
	}
}

// document of a sidecar that runs the policy and holds records.
func document(pending int64) *sidecar.Document {
	p := lms().Build()
	return &sidecar.Document{
		PolicyNamespace: p.Namespace, PolicyName: p.Name, PolicyGeneration: p.Generation, PolicyCreatedAt: p.CreationTimestamp.Time,
		UnknownSettings: []string{}, Accepting: true, Sync: sidecar.Sync{PendingRecords: pending},
	}
}

func TestCountsAreWrittenOnceAnInterval(t *testing.T) {
	c := newCampus(t, running("lms-0", "10.0.0.1").Build())
	for i := range 60 {
		c.documents["10.0.0.1"] = document(int64(i))
		if _, err := c.pass(); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(time.Second)
	}
	if c.patches > 6 {
		t.Errorf("%d writes in a minute in which only a count moved", c.patches)
	}
	before := c.patches
	c.documents["10.0.0.1"].Accepting = false
	if _, err := c.pass(); err != nil || c.patches != before+1 {
		t.Errorf("a condition that turned took %d writes, %v", c.patches-before, err)
	}
	result, err := c.pass()
	if err != nil || result.RequeueAfter == 0 || result.RequeueAfter > c.Collector.Interval() {
		t.Errorf("the next pass: %+v, %v", result, err)
	}
}

// drained makes the pod's sidecar have ended with so many records left.
func drained(pod *fixture.Pod, records int64) *corev1.Pod {
	ending := sidecar.Ending{Accepted: 900, Records: records, Reason: "It is away.", Spool: "/spool"}
	return pod.With(func(p *corev1.Pod) {
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{
			Name:  injection.ContainerName,
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: ending.String() + "\n"}},
		}}
	}).Build()
}

func TestWhatAGonePodLeftIsCountedThoughTheFirstWriteFails(t *testing.T) {
	c := newCampus(t)
	c.Unsaved.Observe(strip(t, drained(running("lms-0", "10.0.0.1"), 100)), true)
	c.broken = errors.New("the API server is away")
	for range 3 {
		if _, err := c.pass(); !errors.Is(err, c.broken) {
			t.Fatal(err)
		}
	}
	if said := c.said(); len(said) > 0 {
		t.Errorf("events of what is not written: %v", said)
	}
	c.broken = nil
	for range 3 {
		if _, err := c.pass(); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(time.Minute)
	}
	if got := c.status(t).Records.Unsaved; got.Lost != 100 || len(got.CountedPods) != 0 {
		t.Errorf("unsaved: %+v", got)
	}
	if said := strings.Join(c.said(), " "); strings.Count(said, "UnsavedRecords") != 1 {
		t.Errorf("events: %s", said)
	}
}

func TestAPodThatEndedIsCountedBeforeItIsDeletedAndNotAgain(t *testing.T) {
	evicted := drained(running("lms-0", "10.0.0.1").Phase(corev1.PodFailed), 100)
	c := newCampus(t, evicted)
	c.Unsaved.Observe(evicted, false)
	count := func(what string, want int64) {
		t.Helper()
		c.now = c.now.Add(time.Minute)
		if _, err := c.pass(); err != nil {
			t.Fatal(err)
		}
		if got := c.status(t).Records.Unsaved; got.Lost != want {
			t.Errorf("%s: %+v", what, got)
		}
	}
	count("evicted", 100)
	count("still there", 100)
	c.Unsaved = &unsaved.Ledger{}
	c.Unsaved.Observe(evicted, false)
	count("another operator sees it", 100)
	c.Unsaved = &unsaved.Ledger{}
	if err := c.Client.Delete(t.Context(), evicted, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	c.Unsaved.Observe(evicted, true)
	count("another sees it deleted", 100)
	count("it is gone", 100)
	if got := c.status(t).Records.Unsaved.CountedPods; len(got) != 0 {
		t.Errorf("still remembered: %v", got)
	}
}

func TestAPodThatGoesWithoutAWordIsCountedByItsLastAnswer(t *testing.T) {
	pod := running("lms-0", "10.0.0.1").Build()
	c := newCampus(t, pod)
	c.documents["10.0.0.1"] = document(42)
	if _, err := c.pass(); err != nil {
		t.Fatal(err)
	}
	if err := c.Client.Delete(t.Context(), pod, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.pass(); err != nil { // before the watch tells of it
		t.Fatal(err)
	}
	c.now = c.now.Add(time.Minute)
	c.Unsaved.Observe(pod, true)
	if _, err := c.pass(); err != nil {
		t.Fatal(err)
	}
	if got := c.status(t).Records.Unsaved; got.Unknown != 42 || got.Lost != 0 {
		t.Errorf("unsaved: %+v", got)
	}
}

func TestADeletedPolicyLeavesNothingInMemory(t *testing.T) {
	c := newCampus(t)
	c.Unsaved.Observe(drained(running("lms-0", "10.0.0.1"), 100), true)
	if err := c.Client.Delete(t.Context(), lms().Build()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.pass(); err != nil {
		t.Fatal(err)
	}
	if gone := c.Unsaved.Gone(client.ObjectKey{Namespace: "campus", Name: "lms"}); len(gone) != 0 {
		t.Errorf("%d pods are remembered", len(gone))
	}
}

// A namespace of many policies and pods, of which the pass of one looks at what
// is its own.
func BenchmarkSortPods(b *testing.B) {
	var policies []v1alpha1.ProgressSyncPolicy
	var all []corev1.Pod
	for i := range 200 {
		name := fmt.Sprintf("lms-%03d", i)
		policy := fixture.NewPolicy("campus", name)
		policies = append(policies, *policy.Build())
		for j := range 25 {
			all = append(all, *injected(fixture.NewPod("campus", fmt.Sprintf("%s-%d", name, j), name), policy).Build())
		}
	}
	b.ResetTimer()
	for b.Loop() {
		sortPods(all, &policies[100], policies, options, noon)
	}
}
