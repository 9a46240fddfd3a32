package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// healthy facts of a policy with two pods whose sidecars write.
func healthy(changes ...func(*facts)) *facts {
	f := &facts{
		policy: lms().Generation(3).Build(), installed: true, now: noon,
		pods:     pods{matched: 2, injected: 2, ready: 2},
		sidecars: sidecarstatus.Summary{Asked: 2, Answering: 2, Configured: 2, Tried: 2, LastSync: noon.Add(-time.Minute)},
	}
	for _, change := range changes {
		change(f)
	}
	return f
}

func withoutPods(f *facts) {
	f.pods, f.sidecars = pods{}, sidecarstatus.Summary{}
}

func failing(reason string) func(*facts) {
	return func(f *facts) {
		f.sidecars.Failing = 2
		f.sidecars.Errors = []sidecarstatus.Error{{Reason: reason, Sidecars: 2, Blocking: true}}
	}
}

func TestConditions(t *testing.T) {
	const (
		yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
		ready, injected  = v1alpha1.ConditionReady, v1alpha1.ConditionInjected
		database, synced = v1alpha1.ConditionDatabaseReachable, v1alpha1.ConditionSynced
	)
	cases := map[string]struct {
		facts     *facts
		condition string
		status    metav1.ConditionStatus
		reason    string
		says      string
	}{
		"ready with all pods injected":  {healthy(), ready, yes, "Ready", "2 of 2"},
		"ready before there are pods":   {healthy(withoutPods), ready, yes, "Ready", "when they are created"},
		"not ready in kube-system":      {healthy(func(f *facts) { f.namespaceRefused = true }), ready, no, "NamespaceRefused", "move the policy"},
		"not ready with a bad selector": {healthy(func(f *facts) { _, f.selectorError = selection.Selector(lms().Selects("app", "no label").Build()) }), ready, no, "InvalidSelector", "spec.selector"},
		"not ready beyond the limit": {healthy(func(f *facts) {
			f.installed, f.limit = false, &webhookconfig.Limit{Namespace: "campus", Policies: 102, Kept: 100}
		}), ready, no, "TooManyPolicies", "102 policies"},
		"not ready without the webhook":           {healthy(func(f *facts) { f.installed = false }), ready, no, "WebhookPending", "get no sidecar"},
		"not ready while pods are bare":           {healthy(bareOne), ready, no, "PodsWithoutSidecar", "Injected is False"},
		"not ready while the database fails":      {healthy(failing("CredentialsRefused")), ready, no, "CredentialsRefused", "DatabaseReachable is False"},
		"ready while records are parked for data": {healthy(func(f *facts) { f.sidecars.Records.Parked = 1 }), ready, yes, "Ready", ""},
		"no pods to inject":                       {healthy(withoutPods), injected, unknown, "NoPods", "no pod matches"},
		"all pods have opted out":                 {healthy(withoutPods, func(f *facts) { f.pods.optedOut = 3 }), injected, unknown, "NoPods", "all 3 that match have opted out"},
		"all pods injected":                       {healthy(), injected, yes, "AllInjected", "2 of 2"},
		"a pod is bare":                           {healthy(bareOne), injected, no, "PodsWithoutSidecar", "1 of 2 pods have no sidecar"},
		"the message says how to restart it":      {healthy(bareOne), injected, no, "PodsWithoutSidecar", "delete and create pod lms-7 again"},
		"a pod is refused":                        {healthy(func(f *facts) { f.pods.injected, f.pods.refused, f.pods.refusal = 1, 1, "it is odd" }), injected, no, "InjectionRefused", "it is odd"},
		"a bare pod counts more than a refused":   {healthy(bareOne, func(f *facts) { f.pods.matched, f.pods.refused = 3, 1 }), injected, no, "PodsWithoutSidecar", "1 of 3"},
		"an older policy has a pod":               {healthy(func(f *facts) { f.pods.conflicting, f.pods.conflict = 1, "older" }), injected, no, "PolicyConflict", "by policy older"},
		"an older policy has all pods":            {healthy(withoutPods, func(f *facts) { f.pods.conflicting, f.pods.conflict = 2, "older" }), injected, no, "PolicyConflict", "2 pods are"},
		"nobody to ask for the database":          {healthy(withoutPods), database, unknown, "NoSidecars", ""},
		"nobody answers":                          {healthy(func(f *facts) { f.sidecars = sidecarstatus.Summary{Asked: 2, Unreachable: 2} }), database, unknown, "SidecarsUnreachable", "NetworkPolicy"},
		"some answer":                             {healthy(func(f *facts) { f.sidecars.Answering, f.sidecars.Unreachable = 1, 1 }), database, yes, "Reachable", ""},
		"the database was not needed":             {healthy(func(f *facts) { f.sidecars.Tried = 0 }), database, unknown, "NotTried", ""},
		"the database works":                      {healthy(), database, yes, "Reachable", ""},
		"the Secret is missing":                   {healthy(failing("SecretMissing")), database, no, "SecretMissing", "Secret lms-db or its key uri does not exist in namespace campus"},
		"data was refused by a working database":  {healthy(refusedData), database, yes, "Reachable", ""},
		"nothing is held":                         {healthy(withoutPods), synced, unknown, "NoSidecars", ""},
		"no sidecar has answered yet":             {healthy(func(f *facts) { f.sidecars = sidecarstatus.Summary{Asked: 2} }), synced, unknown, "NoSidecars", "has answered yet"},
		"records are written in time":             {healthy(), synced, yes, "UpToDate", ""},
		"refused records are mentioned":           {healthy(func(f *facts) { f.sidecars.Records.DeadLetters = 1 }), synced, yes, "UpToDate", "quarantine"},
		"records are parked":                      {healthy(func(f *facts) { f.sidecars.Records.Parked = 5 }), synced, no, "Parked", "none is lost"},
		"sidecars refuse updates":                 {healthy(func(f *facts) { f.sidecars.Refusing = 1 }), synced, no, "UpdatesRefused", "1 sidecar takes"},
		"a spool is stale":                        {healthy(func(f *facts) { f.sidecars.Errors = []sidecarstatus.Error{{Reason: "StaleSpool", Sidecars: 1}} }), synced, no, "StaleSpool", "old copy"},
		"erasures that wait are mentioned":        {healthy(func(f *facts) { f.sidecars.Records.Erasures = 1 }), synced, yes, "UpToDate", "not erased from the database yet"},
		"within its interval and the slack":       {healthy(waiting(4*time.Minute + 30*time.Second)), synced, yes, "UpToDate", ""},
		"later than interval and slack":           {healthy(waiting(4*time.Minute + 31*time.Second)), synced, no, "Backlog", "3m0s"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := meta.FindStatusCondition(conditions(c.facts), c.condition)
			if got.Status != c.status || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("%s is %s (%s): %s", got.Type, got.Status, got.Reason, got.Message)
			}
			if got.ObservedGeneration != 3 {
				t.Errorf("observed generation %d", got.ObservedGeneration)
			}
		})
	}
}

func bareOne(f *facts) {
	f.pods.injected = 1
	f.pods.bare = bare("lms-7").Build()
}

func refusedData(f *facts) {
	f.sidecars.Errors = []sidecarstatus.Error{{Reason: "DataRefused", Sidecars: 1}}
}

func waiting(d time.Duration) func(*facts) {
	return func(f *facts) { f.sidecars.Records.Oldest = noon.Add(-d) }
}

func TestEveryReasonSaysWhatToDo(t *testing.T) {
	seen := map[string]string{}
	for _, reason := range []string{
		"DatabaseUnreachable", "CredentialsRefused", "DatabaseMissing", "SchemaMissing", "SchemaTooNew", "NoPrivilege",
		"SecretMissing", "SecretInvalid", "DatabaseOverloaded", "DatabaseReadOnly", "DatabaseError", "TableUnusable", "StaleSpool", "RewoundIncomplete",
	} {
		text := advice(reason, lms().Build())
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s say the same", reason, other)
		}
		seen[text] = reason
		if len(text) > 500 {
			t.Errorf("%s: %d characters", reason, len(text))
		}
	}
}

func TestAdviceOnATableOfOnesOwnNamesIt(t *testing.T) {
	mapped := lms().With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Database.Mapping = &v1alpha1.TableMapping{Schema: "campus", Table: "progress"}
	}).Build()
	for _, reason := range []string{"SchemaMissing", "NoPrivilege"} {
		if text := advice(reason, mapped); !strings.Contains(text, "campus.progress") {
			t.Errorf("%s: %s", reason, text)
		}
		if text := advice(reason, lms().Build()); strings.Contains(text, "mapping") || strings.Contains(text, "campus.progress") {
			t.Errorf("%s without a mapping: %s", reason, text)
		}
	}
}

func TestStatusIsStable(t *testing.T) {
	f := healthy(waiting(40*time.Second), failing("SecretMissing"))
	f.sidecars.Errors[0].Since = noon.Add(-time.Hour)
	first := status(f)
	f.policy.Status = first

	f.now = noon.Add(10 * time.Second)
	f.sidecars.Records.Oldest = f.sidecars.Records.Oldest.Add(-700 * time.Millisecond) // an age is not that exact
	second := status(f)
	if !sameStatus(first, second) {
		t.Errorf("nothing happened, and the status changed:\n%s", cmp.Diff(first, second))
	}
}

func TestATransitionKeepsItsTime(t *testing.T) {
	f := healthy()
	f.policy.Status = status(f)
	f.now = noon.Add(time.Minute)
	failing("SecretMissing")(f)
	f.policy.Status = status(f)
	turned := meta.FindStatusCondition(f.policy.Status.Conditions, v1alpha1.ConditionDatabaseReachable).LastTransitionTime
	if !turned.Time.Equal(noon.Add(time.Minute)) {
		t.Errorf("turned at %s", turned)
	}
	f.now = noon.Add(time.Hour)
	failing("CredentialsRefused")(f)
	after := meta.FindStatusCondition(status(f).Conditions, v1alpha1.ConditionDatabaseReachable)
	if !after.LastTransitionTime.Equal(&turned) || after.Reason != "CredentialsRefused" {
		t.Errorf("another reason moved the time to %s (%s)", after.LastTransitionTime, after.Reason)
	}
}

func TestTheLastSyncStaysKnownWhenItsPodIsGone(t *testing.T) {
	f := healthy()
	f.policy.Status = status(f)
	withoutPods(f)
	if got := status(f).LastSyncTime; got == nil || !got.Time.Equal(noon.Add(-time.Minute)) {
		t.Errorf("last sync %v", got)
	}
}

func TestTransitions(t *testing.T) {
	cases := map[string]struct {
		before, after *facts
		want          []string
	}{
		"a new policy that is well":             {nil, healthy(), nil},
		"a new policy without pods":             {nil, healthy(withoutPods), nil},
		"nothing turned":                        {healthy(bareOne), healthy(bareOne), nil},
		"a number moved":                        {healthy(bareOne), healthy(bareOne, func(f *facts) { f.pods.matched++ }), nil},
		"a bare pod":                            {healthy(), healthy(bareOne), []string{"PodsWithoutSidecar"}},
		"a new policy with a bare pod":          {nil, healthy(bareOne), []string{"PodsWithoutSidecar"}},
		"the bare pod is gone":                  {healthy(bareOne), healthy(), nil},
		"the database fails":                    {healthy(), healthy(failing("DatabaseUnreachable")), []string{"DatabaseUnreachable"}},
		"for another reason":                    {healthy(failing("DatabaseUnreachable")), healthy(failing("CredentialsRefused")), []string{"CredentialsRefused"}},
		"it recovers":                           {healthy(failing("DatabaseUnreachable")), healthy(), []string{"DatabaseRecovered"}},
		"it is reached for the first time":      {healthy(withoutPods), healthy(), nil},
		"its pods go while it fails":            {healthy(failing("DatabaseUnreachable")), healthy(withoutPods), nil},
		"updates are refused":                   {healthy(), healthy(func(f *facts) { f.sidecars.Refusing = 1 }), []string{"UpdatesRefused"}},
		"parked for the database, told of once": {healthy(), healthy(failing("DatabaseUnreachable"), func(f *facts) { f.sidecars.Records.Parked = 1 }), []string{"DatabaseUnreachable"}},
		"a refused namespace":                   {nil, healthy(withoutPods, func(f *facts) { f.namespaceRefused = true }), []string{"NamespaceRefused"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var before []metav1.Condition
			if c.before != nil {
				before = conditions(c.before)
			}
			var got []string
			for _, e := range transitions(before, conditions(c.after)) {
				got = append(got, e.reason)
				if e.note == "" || len(e.note) > 1024 {
					t.Errorf("note of %d characters", len(e.note))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
