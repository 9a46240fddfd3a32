package unsaved

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var lms = types.NamespacedName{Namespace: "campus", Name: "lms"}

// injected pod of policy lms, with its spool on a claim if one is named.
func injected(name, claim string) *fixture.Pod {
	policy := fixture.NewPolicy("campus", "lms").With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.ClaimName = claim })
	pod := fixture.NewPod("campus", name, "lms")
	out, _ := injection.Inject(pod.Build(), policy.Build(), injection.Options{Image: "sidecar:1"}, injection.Surroundings{})
	return pod.With(func(p *corev1.Pod) { *p = *out })
}

// said makes the pod's sidecar have ended with a termination message.
func said(pod *fixture.Pod, message string) *fixture.Pod {
	return pod.With(func(p *corev1.Pod) {
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{
			Name:  injection.ContainerName,
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message}},
		}}
	})
}

func ending(e status.Ending) string { return e.String() + "\n" }

// away is how a drain without a database ends.
var away = status.Ending{Accepted: 900, Records: 100, Reason: "It is away.", DeadLetters: 2, Erasures: 1, ErasureReason: "It is away.", Spool: "/spool"}

func TestWhatAGonePodLeft(t *testing.T) {
	holds := &status.Document{Sync: status.Sync{PendingRecords: 30, InFlightRecords: 4}, DeadLetters: status.DeadLetters{Count: 1}}
	for name, c := range map[string]struct {
		pod  *fixture.Pod
		last *status.Document
		want Left
	}{
		"all is saved":                                  {said(injected("a", ""), ending(status.Ending{Accepted: 9})), holds, Left{}},
		"a volume of its own goes with the pod":         {said(injected("a", ""), ending(away)), holds, Left{Lost: 102, Erasures: 1}},
		"a claim stays":                                 {said(injected("a", "spools"), ending(away)), holds, Left{OnClaim: 102}},
		"killed without a word":                         {injected("a", ""), holds, Left{Unknown: 35}},
		"killed, and never asked":                       {injected("a", ""), nil, Left{}},
		"killed, with its spool on a claim":             {injected("a", "spools"), holds, Left{OnClaim: 35}},
		"ended by a failure, which is no word of these": {said(injected("a", ""), "the spool's disk failed"), holds, Left{Unknown: 35}},
		"words of a version that quoted nothing": {
			said(injected("a", ""), "7 records stay in the spool at /spool: It is away."), holds, Left{Lost: 7},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l Ledger
			l.Observe(c.pod.Build(), true)
			gone := l.Gone(lms)
			if len(gone) != 1 {
				t.Fatalf("%d pods have gone", len(gone))
			}
			if diff := cmp.Diff(c.want, gone[0].Left(c.last)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		pod     *fixture.Pod
		deleted bool
		want    int
	}{
		"a deleted pod":                          {injected("a", ""), true, 1},
		"one that lives":                         {injected("a", "").Phase(corev1.PodRunning), false, 0},
		"one that is being deleted":              {injected("a", "").Deleted(), false, 0},
		"one that was evicted":                   {said(injected("a", ""), ending(away)).Phase(corev1.PodFailed), false, 1},
		"a finished one":                         {said(injected("a", ""), ending(away)).Phase(corev1.PodSucceeded), false, 1},
		"one that was given up with its node":    {injected("a", "").Phase(corev1.PodFailed), false, 0},
		"one without a sidecar":                  {fixture.NewPod("campus", "a", "lms"), true, 0},
		"one of another policy":                  {injected("a", "").Annotation(injection.AnnotationPolicy, "exams"), true, 0},
		"one whose sidecar runs beside an ended": {injected("a", "").Phase(corev1.PodSucceeded), false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var l Ledger
			l.Observe(c.pod.Build(), c.deleted)
			if got := len(l.Gone(lms)); got != c.want {
				t.Errorf("%d are kept, want %d", got, c.want)
			}
		})
	}
}

// A record that is counted twice, or not at all, makes the count worthless.
// Whatever the order of events, failed writes and acknowledgements, each pod is
// handed out until it is acknowledged, and not again.
func TestEachPodIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Ledger
		counted, deleted, ended := map[types.UID]int{}, map[types.UID]bool{}, map[types.UID]bool{}
		names := []string{"a", "b", "c"}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			pod := said(injected(rapid.SampledFrom(names).Draw(t, "pod"), ""), ending(away)).Phase(corev1.PodFailed).Build()
			switch rapid.SampledFrom([]string{"end", "delete", "write", "fail"}).Draw(t, "step") {
			case "end":
				if !deleted[pod.UID] {
					ended[pod.UID] = true
					l.Observe(pod, false)
				}
			case "delete":
				if !deleted[pod.UID] {
					deleted[pod.UID] = true
					l.Observe(pod, true)
				}
			case "fail":
				l.Gone(lms)
			case "write":
				var uids []types.UID
				for _, pod := range l.Gone(lms) {
					counted[pod.UID]++
					uids = append(uids, pod.UID)
				}
				l.Acknowledge(lms, uids)
			}
		}
		for _, pod := range l.Gone(lms) {
			counted[pod.UID]++
		}
		for _, name := range names {
			uid := types.UID("uid-of-" + name)
			want := 0
			if deleted[uid] || ended[uid] {
				want = 1
			}
			if counted[uid] != want {
				t.Fatalf("pod %s is counted %d times, want %d", name, counted[uid], want)
			}
		}
	})
}

func TestAForgottenPolicyLeavesNothing(t *testing.T) {
	var l Ledger
	l.Observe(injected("a", "").Build(), true)
	l.Forget(lms)
	if len(l.policies) != 0 {
		t.Errorf("%d policies are kept", len(l.policies))
	}
}
