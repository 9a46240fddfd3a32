package eviction

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// applied is when the policy and the first pods were, installed when the API
// server knew, and now well after both.
var (
	applied   = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	installed = applied.Add(time.Second)
	now       = applied.Add(10 * time.Minute)
)

// pod of the policy lms, owned by ReplicaSet lms, ready and bare.
func pod(name string, changes ...func(*corev1.Pod)) corev1.Pod {
	p := fixture.NewPod("campus", name, "lms").Phase(corev1.PodRunning).Build()
	p.CreationTimestamp = metav1.NewTime(applied)
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	ownedBy("ReplicaSet", "lms")(p)
	for _, change := range changes {
		change(p)
	}
	return *p
}

func ownedBy(kind, name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, UID: types.UID("uid-of-" + name), Controller: ptr.To(true)}}
	}
}

func created(after time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(applied.Add(after)) }
}

func injected(p *corev1.Pod) {
	p.Annotations = map[string]string{injection.AnnotationPolicy: "lms"}
	p.Spec.InitContainers = []corev1.Container{{
		Name: injection.ContainerName, RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways),
		VolumeMounts: []corev1.VolumeMount{{Name: injection.VolumeSpool}},
	}}
}

func unready(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }

func going(p *corev1.Pod) { p.DeletionTimestamp = ptr.To(metav1.NewTime(now)) }

func orphan(p *corev1.Pod) { p.OwnerReferences = nil }

func app(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels = map[string]string{"app": name} }
}

func TestDecide(t *testing.T) {
	const minute = time.Minute
	// evicted a minute ago, from ReplicaSet lms.
	evicted := Eviction{Pod: "lms-0", Owner: "uid-of-lms", At: applied.Add(9*minute + 500*time.Millisecond)}
	place := created(9 * minute)
	after := func(s *Situation) { s.Last = evicted }
	cases := map[string]struct {
		pods    []corev1.Pod
		change  func(*Situation)
		verdict Verdict
		pod     string
		why     string
	}{
		"the first bare pod is evicted":                    {[]corev1.Pod{pod("lms-0"), pod("lms-1")}, nil, Evict, "lms-0", ""},
		"the oldest goes first":                            {[]corev1.Pod{pod("lms-0", created(time.Second)), pod("lms-1")}, nil, Evict, "lms-1", ""},
		"one that is not ready goes before those that are": {[]corev1.Pod{pod("lms-0"), pod("lms-1", unready)}, nil, Evict, "lms-1", ""},
		"of an app that cannot start bare, one is enough":  {[]corev1.Pod{pod("lms-0", unready), pod("lms-1", unready)}, nil, Evict, "lms-0", ""},
		"a StatefulSet's pod is evicted":                   {[]corev1.Pod{pod("lms-0", ownedBy("StatefulSet", "lms"))}, nil, Evict, "lms-0", ""},
		"a pod that nobody replaces stays":                 {[]corev1.Pod{pod("lms-0", orphan)}, nil, Nothing, "", ""},
		"a Job's pod stays":                                {[]corev1.Pod{pod("lms-0", ownedBy("Job", "lms"))}, nil, Nothing, "", ""},
		"a DaemonSet's pod stays":                          {[]corev1.Pod{pod("lms-0", ownedBy("DaemonSet", "lms"))}, nil, Nothing, "", ""},
		"one that opted out stays":                         {[]corev1.Pod{pod("lms-0", func(p *corev1.Pod) { p.Annotations = map[string]string{injection.AnnotationInject: "false"} })}, nil, Nothing, "", ""},
		"one that cannot have a sidecar stays":             {[]corev1.Pod{pod("lms-0", func(p *corev1.Pod) { p.Spec.HostNetwork = true })}, nil, Nothing, "", ""},
		"one that has ended stays":                         {[]corev1.Pod{pod("lms-0", func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })}, nil, Nothing, "", ""},
		"one that has a sidecar stays":                     {[]corev1.Pod{pod("lms-0", injected)}, nil, Nothing, "", ""},
		"one that no policy selects stays":                 {[]corev1.Pod{pod("lms-0", app("other"))}, nil, Nothing, "", ""},
		"one that an older policy has stays": {[]corev1.Pod{pod("lms-0")}, func(s *Situation) {
			s.Policies = append(s.Policies, *fixture.NewPolicy("campus", "older").Selects("app", "lms").Created(-time.Hour).Build())
		}, Nothing, "", ""},
		"nothing while the API server knows nothing":        {[]corev1.Pod{pod("lms-0")}, func(s *Situation) { s.InstalledSince = time.Time{} }, Wait, "", "not yet"},
		"nothing while it has only just been told":          {[]corev1.Pod{pod("lms-0")}, func(s *Situation) { s.InstalledSince = now.Add(-propagation + 1) }, Wait, "", "just been told"},
		"a bare pod from the time of telling is evicted":    {[]corev1.Pod{pod("lms-0", created(propagation))}, nil, Evict, "lms-0", ""},
		"a bare pod from after that stops all":              {[]corev1.Pod{pod("lms-0"), pod("lms-1", created(2*minute))}, nil, Stop, "lms-1", "created while"},
		"even with an older one that has its sidecar":       {[]corev1.Pod{pod("lms-0", injected, created(minute)), pod("lms-1", created(2*minute))}, nil, Stop, "lms-1", "created while"},
		"but not once a younger one has":                    {[]corev1.Pod{pod("lms-0", injected, created(3*minute)), pod("lms-1", created(2*minute))}, nil, Evict, "lms-1", ""},
		"nothing while a pod is being deleted":              {[]corev1.Pod{pod("lms-0", going), pod("lms-1")}, nil, Wait, "", "lms-0 is being deleted"},
		"nothing while one with a sidecar is not ready":     {[]corev1.Pod{pod("lms-0", injected, unready), pod("lms-1")}, nil, Wait, "", "lms-0, which has a sidecar, is not ready"},
		"nothing before the evicted pod is replaced":        {[]corev1.Pod{pod("lms-1")}, after, Wait, "", "in place of pod lms-0"},
		"not by an older pod that had its sidecar":          {[]corev1.Pod{pod("lms-1"), pod("lms-2", injected, created(minute))}, after, Wait, "", "in place of pod lms-0"},
		"not by another owner's pod":                        {[]corev1.Pod{pod("lms-1"), pod("x-0", injected, place, ownedBy("ReplicaSet", "x"))}, after, Wait, "", "in place of pod lms-0"},
		"not by one that is not ready":                      {[]corev1.Pod{pod("lms-1"), pod("lms-2", injected, place, unready)}, after, Wait, "", "in place of pod lms-0"},
		"all stops where the one in its place is bare":      {[]corev1.Pod{pod("lms-1"), pod("lms-2", place)}, after, Stop, "lms-2", "created while"},
		"the next once the one in its place is ready":       {[]corev1.Pod{pod("lms-1"), pod("lms-2", injected, place)}, after, Evict, "lms-1", ""},
		"the next of another owner after a rollout":         {[]corev1.Pod{pod("y-0", ownedBy("ReplicaSet", "y")), pod("lms-2", injected, place, ownedBy("ReplicaSet", "next"))}, after, Evict, "y-0", ""},
		"nothing where the owner is gone and nothing came":  {[]corev1.Pod{pod("y-0", ownedBy("ReplicaSet", "y"))}, after, Wait, "", "in place of pod lms-0"},
		"no ready pod beside one that is not, of one owner": {[]corev1.Pod{pod("lms-0"), pod("lms-1", unready, app("other"))}, nil, Wait, "", "other pods of their owners"},
		"another owner's instead":                           {[]corev1.Pod{pod("lms-0"), pod("lms-1", unready, app("other")), pod("x-0", ownedBy("ReplicaSet", "x"))}, nil, Evict, "x-0", ""},
		"no second pod of an owner for another policy":      {[]corev1.Pod{pod("lms-0")}, func(s *Situation) { s.Busy = map[types.UID]bool{"uid-of-lms": true} }, Wait, "", "other pods of their owners"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policy := fixture.NewPolicy("campus", "lms").Build()
			s := Situation{
				Policy: policy, Policies: []v1alpha1.ProgressSyncPolicy{*policy}, Pods: c.pods,
				InstalledSince: installed, Now: now,
			}
			if c.change != nil {
				c.change(&s)
			}
			got := Decide(s)
			which := ""
			if got.Pod != nil {
				which = got.Pod.Name
			}
			if got.Verdict != c.verdict || which != c.pod || !strings.Contains(got.Why, c.why) {
				t.Errorf("%s %q, because %q; want %s %q, because %q", got.Verdict, which, got.Why, c.verdict, c.pod, c.why)
			}
		})
	}
}

func TestAnEvictionIsForgottenOnceItsPodIsReplaced(t *testing.T) {
	policy := fixture.NewPolicy("campus", "lms").Build()
	s := Situation{
		Policy: policy, Policies: []v1alpha1.ProgressSyncPolicy{*policy}, InstalledSince: installed, Now: now,
		Last: Eviction{Pod: "lms-0", Owner: "uid-of-lms", At: now.Add(-time.Minute)},
	}
	if Decide(s).Replaced {
		t.Error("replaced by nothing")
	}
	s.Pods = []corev1.Pod{pod("lms-1", injected, created(9*time.Minute))}
	if !Decide(s).Replaced {
		t.Error("not replaced, although there is nothing else to evict")
	}
}
