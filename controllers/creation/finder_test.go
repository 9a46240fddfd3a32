package creation

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const said = `Error creating: pods "lms-5d4f-x1" is forbidden: failed quota: campus: must specify limits.cpu for: progress-sync`

func meta(name string, owner *metav1.OwnerReference) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: "campus", Name: name, UID: types.UID("uid-of-" + name)}
	if owner != nil {
		owner.Controller = ptr.To(true)
		m.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	return m
}

func template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "lms"}}}
}

func event(kind, name string, at time.Time) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "campus", Name: "event-of-" + name},
		InvolvedObject: corev1.ObjectReference{Kind: kind, Namespace: "campus", Name: name, UID: types.UID("uid-of-" + name)},
		Reason:         reasonFailedCreate, Message: said, LastTimestamp: metav1.NewTime(at),
	}
}

func podOf(name, workload string, created time.Time) corev1.Pod {
	m := meta(name, &metav1.OwnerReference{Kind: "ReplicaSet", Name: workload, UID: types.UID("uid-of-" + workload)})
	m.CreationTimestamp = metav1.NewTime(created)
	return corev1.Pod{ObjectMeta: m}
}

// replicaSet of Deployment lms that has no pod.
func replicaSet(change ...func(*appsv1.ReplicaSet)) *appsv1.ReplicaSet {
	o := &appsv1.ReplicaSet{
		ObjectMeta: meta("lms-5d4f", &metav1.OwnerReference{Kind: "Deployment", Name: "lms"}),
		Spec:       appsv1.ReplicaSetSpec{Replicas: ptr.To[int32](2), Template: template()},
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func failure(reason string) func(*appsv1.ReplicaSet) {
	return func(o *appsv1.ReplicaSet) {
		o.Status.Conditions = []appsv1.ReplicaSetCondition{{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: reason}}
	}
}

func TestFind(t *testing.T) {
	deployment := []Refusal{{Kind: "Deployment", Name: "lms", Labels: map[string]string{"app": "lms"}, Said: said}}
	of := func(kind, name string) []Refusal {
		return []Refusal{{Kind: kind, Name: name, Labels: map[string]string{"app": "lms"}, Said: said}}
	}
	job := func(change func(*batchv1.Job)) *batchv1.Job {
		o := &batchv1.Job{ObjectMeta: meta("import", nil), Spec: batchv1.JobSpec{Template: template()}}
		change(o)
		return o
	}
	recent := noon.Add(-time.Minute)
	cases := map[string]struct {
		workload client.Object
		event    *corev1.Event
		pods     []corev1.Pod
		want     []Refusal
	}{
		"a Deployment without a pod": {replicaSet(), event("ReplicaSet", "lms-5d4f", recent), nil, deployment},
		"one that says itself that it fails, whatever the event's age": {
			replicaSet(failure("FailedCreate")), event("ReplicaSet", "lms-5d4f", noon.Add(-50*time.Minute)), nil, deployment,
		},
		"one that cannot delete pods": {replicaSet(failure("FailedDelete")), event("ReplicaSet", "lms-5d4f", noon.Add(-50*time.Minute)), nil, nil},
		"an event of long ago":        {replicaSet(), event("ReplicaSet", "lms-5d4f", noon.Add(-freshness)), nil, nil},
		"a pod was created since":     {replicaSet(), event("ReplicaSet", "lms-5d4f", recent), []corev1.Pod{podOf("a", "lms-5d4f", recent.Add(time.Second))}, nil},
		"a pod was created before":    {replicaSet(), event("ReplicaSet", "lms-5d4f", recent), []corev1.Pod{podOf("a", "lms-5d4f", recent)}, deployment},
		"another's pod was created":   {replicaSet(), event("ReplicaSet", "lms-5d4f", recent), []corev1.Pod{podOf("a", "other", noon)}, deployment},
		"it has all its pods":         {replicaSet(func(o *appsv1.ReplicaSet) { o.Status.Replicas = 2 }), event("ReplicaSet", "lms-5d4f", recent), nil, nil},
		"it was scaled to none":       {replicaSet(func(o *appsv1.ReplicaSet) { o.Spec.Replicas = ptr.To[int32](0) }), event("ReplicaSet", "lms-5d4f", recent), nil, nil},
		"it is gone":                  {nil, event("ReplicaSet", "lms-5d4f", recent), nil, nil},
		"another has its name":        {replicaSet(func(o *appsv1.ReplicaSet) { o.UID = "another" }), event("ReplicaSet", "lms-5d4f", recent), nil, nil},
		"a ReplicaSet of nobody's":    {replicaSet(func(o *appsv1.ReplicaSet) { o.OwnerReferences = nil }), event("ReplicaSet", "lms-5d4f", recent), nil, of("ReplicaSet", "lms-5d4f")},
		"an event of another reason": {replicaSet(), func() *corev1.Event {
			e := event("ReplicaSet", "lms-5d4f", recent)
			e.Reason = "SuccessfulCreate"
			return e
		}(), nil, nil},
		"an event about something else": {replicaSet(), event("Certificate", "lms-5d4f", recent), nil, nil},
		"a StatefulSet": {
			&appsv1.StatefulSet{ObjectMeta: meta("lms", nil), Spec: appsv1.StatefulSetSpec{Template: template()}},
			event("StatefulSet", "lms", recent), nil, of("StatefulSet", "lms"),
		},
		"a DaemonSet": {
			&appsv1.DaemonSet{
				ObjectMeta: meta("lms", nil), Spec: appsv1.DaemonSetSpec{Template: template()},
				Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 3, CurrentNumberScheduled: 2},
			},
			event("DaemonSet", "lms", recent), nil, of("DaemonSet", "lms"),
		},
		"a ReplicationController": {
			&corev1.ReplicationController{ObjectMeta: meta("lms", nil), Spec: corev1.ReplicationControllerSpec{Template: ptr.To(template())}},
			event("ReplicationController", "lms", recent), nil, of("ReplicationController", "lms"),
		},
		"a Job":           {job(func(*batchv1.Job) {}), event("Job", "import", recent), nil, of("Job", "import")},
		"a suspended Job": {job(func(o *batchv1.Job) { o.Spec.Suspend = ptr.To(true) }), event("Job", "import", recent), nil, nil},
		"a Job that runs": {job(func(o *batchv1.Job) { o.Status.Active = 1 }), event("Job", "import", recent), nil, nil},
		"a finished Job": {
			job(func(o *batchv1.Job) {
				o.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
			}), event("Job", "import", recent), nil, nil,
		},
		"a Job whose last completion is under way": {
			job(func(o *batchv1.Job) {
				o.Spec.Parallelism, o.Spec.Completions = ptr.To[int32](3), ptr.To[int32](5)
				o.Status.Succeeded, o.Status.Active = 4, 1
			}), event("Job", "import", recent), nil, nil,
		},
		"a Job of a CronJob": {
			job(func(o *batchv1.Job) {
				o.ObjectMeta = meta("import", &metav1.OwnerReference{Kind: "CronJob", Name: "nightly"})
			}),
			event("Job", "import", recent), nil, of("CronJob", "nightly"),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			stripped, err := StripEvent(c.event)
			if err != nil {
				t.Fatal(err)
			}
			objects := []client.Object{stripped.(*corev1.Event)}
			if c.workload != nil {
				objects = append(objects, c.workload)
			}
			server := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...).Build()
			f := &Finder{Events: server, Live: server, Now: func() time.Time { return noon }}
			got, err := f.Find(context.Background(), "campus", c.pods)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Refusals); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

// server with workloads in trouble that counts what is read of it.
func server(t *testing.T, workloads int, refuse *error) (*Finder, *map[string]int, *time.Time) {
	t.Helper()
	var objects []client.Object
	for i := range workloads {
		name := fmt.Sprintf("lms-%02d", i)
		objects = append(objects, event("ReplicaSet", name, noon), replicaSet(func(o *appsv1.ReplicaSet) { o.ObjectMeta = meta(name, nil) }))
	}
	reads, now := map[string]int{}, noon
	api := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			reads[key.Name]++
			if *refuse != nil {
				return *refuse
			}
			return c.Get(ctx, key, o, opts...)
		},
	}).Build()
	return &Finder{Events: api, Live: api, Now: func() time.Time { return now }}, &reads, &now
}

// A namespace full of refused workloads must not make every pass of every policy
// read all of them.
func TestFewAreReadAtATimeAndEachHasItsTurn(t *testing.T) {
	var none error
	f, reads, now := server(t, 3*readsAtOnce, &none)
	total := func() int {
		n := 0
		for _, count := range *reads {
			n += count
		}
		return n
	}
	for pass := 1; pass <= 3; pass++ {
		if _, err := f.Find(context.Background(), "campus", nil); err != nil {
			t.Fatal(err)
		}
		if total() != pass*readsAtOnce {
			t.Fatalf("%d reads after %d passes", total(), pass)
		}
	}
	found, err := f.Find(context.Background(), "campus", nil)
	if err != nil || len(found.Refusals) != 3*readsAtOnce || total() != 3*readsAtOnce {
		t.Errorf("%d refusals after %d reads, %v", len(found.Refusals), total(), err)
	}
	*now = now.Add(pauseWithoutEvent)
	if _, err := f.Find(context.Background(), "campus", nil); err != nil || total() != 4*readsAtOnce {
		t.Errorf("%d reads after %s, %v", total(), pauseWithoutEvent, err)
	}
}

func TestAWorkloadThatCannotBeReadStaysAsItWas(t *testing.T) {
	var failure error
	f, reads, now := server(t, 1, &failure)
	if found, err := f.Find(context.Background(), "campus", nil); err != nil || len(found.Refusals) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	failure = errors.New("away")
	*now = now.Add(pauseWithoutEvent)
	found, err := f.Find(context.Background(), "campus", nil)
	if !errors.Is(err, failure) || len(found.Refusals) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := f.Find(context.Background(), "campus", nil); err != nil || (*reads)["lms-00"] != 2 {
		t.Errorf("it is read again at once: %d times, %v", (*reads)["lms-00"], err)
	}
}

func TestTheTimeOfAnEventIsItsLast(t *testing.T) {
	late := metav1.NewTime(noon)
	for name, e := range map[string]*corev1.Event{
		"counted":            {FirstTimestamp: metav1.NewTime(noon.Add(-time.Hour)), LastTimestamp: late},
		"of events.k8s.io":   {EventTime: metav1.NewMicroTime(noon)},
		"a series of theirs": {EventTime: metav1.NewMicroTime(noon.Add(-time.Hour)), Series: &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(noon)}},
	} {
		if got := happened(e); !got.Equal(noon) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
