package policy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/creation"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/controllers/webhookconfig"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// healthy facts of a policy with two pods whose sidecars write.
func healthy(changes ...func(*facts)) *facts {
	f := &facts{
		policy: lms().Generation(3).Build(), installed: true, now: noon,
		pods: pods{matched: 2, injected: 2, ready: 2, ownVolumes: 2, sample: running("lms-0", "10.0.0.1").Build()},
		sidecars: sidecarstatus.Summary{
			Asked: 2, Answering: 2, Configured: 2, Tried: 2, LastSync: noon.Add(-time.Minute),
			Peers: sidecarstatus.Peers{Told: 2, Peered: 2, Members: 2},
		},
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
		f.sidecars.Blocked = 2
		f.sidecars.Errors = []sidecarstatus.Error{{Reason: reason, Sidecars: 2, Blocking: true}}
	}
}

func TestConditions(t *testing.T) {
	const (
		yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
		ready, injected  = v1alpha1.ConditionReady, v1alpha1.ConditionInjected
		database, synced = v1alpha1.ConditionDatabaseReachable, v1alpha1.ConditionSynced
		sidecars         = v1alpha1.ConditionSidecarsReady
	)
	cases := map[string]struct {
		facts     *facts
		condition string
		status    metav1.ConditionStatus
		reason    string
		says      string
	}{
		"ready with all pods injected":                  {healthy(), ready, yes, "Ready", "2 of 2"},
		"ready before there are pods":                   {healthy(withoutPods), ready, yes, "Ready", "when they are created"},
		"not ready in kube-system":                      {healthy(func(f *facts) { f.namespaceRefused = true }), ready, no, "NamespaceRefused", "move the policy"},
		"not ready with a bad selector":                 {healthy(func(f *facts) { _, f.selectorError = selection.Selector(lms().Selects("app", "no label").Build()) }), ready, no, "InvalidSelector", "spec.selector"},
		"not ready without the webhook":                 {healthy(func(f *facts) { f.installed = false }), ready, no, "WebhookPending", "get no sidecar"},
		"not ready with too many policies":              {healthy(limited), ready, no, "TooManyPolicies", "namespace campus has 101 policies, and the oldest 100 of a namespace count; delete policies"},
		"not ready without a ConfigMap":                 {healthy(unwritten), ready, no, "ConfigMapNotWritten", "progress-sync-lms could not be written: exceeded quota: objects; sidecars go on"},
		"an immutable ConfigMap has to be deleted":      {healthy(unwritten, func(f *facts) { f.configMap.immutable = true }), ready, no, "ConfigMapNotWritten", "kubectl -n campus delete configmap progress-sync-lms"},
		"one that is being deleted is waited for":       {healthy(unwritten, func(f *facts) { f.configMap.deleting = true }), ready, no, "ConfigMapNotWritten", "finalizers"},
		"not ready with another's ConfigMap":            {healthy(held), ready, no, "ConfigMapConflict", "(it is managed by Helm)"},
		"not ready while pods are not created":          {healthy(withoutPods, quotaExceeded), ready, no, "PodsNotCreated", "pods of Deployment lms are not created, nor those of 1 other workload: exceeded quota"},
		"not ready while a pod is refused":              {healthy(refusedOne), ready, no, "InjectionRefused", "it is odd"},
		"refused pods count beside bare ones":           {healthy(bareOne, refusedOne), ready, no, "InjectionRefused", "it is odd"},
		"not ready while sidecars do not run":           {healthy(outOfMemory), ready, no, "OutOfMemory", "1 of 2 sidecars do not run, such as that of pod lms-3: OOMKilled; raise injection.resources.limits.memory"},
		"not ready while settings are unknown":          {healthy(oldSidecars), ready, no, "SettingsUnknown", "2 sidecars do not know buffer.kind, sync.jitter"},
		"not ready while a sidecar runs something else": {healthy(func(f *facts) { f.sidecars.Misconfigured = 1 }), ready, no, "ConfigurationRefused", "1 sidecar does not take"},
		"an older image is not mended by a restart":     {healthy(func(f *facts) { f.sidecars.Misconfigured, f.policy.Spec.Injection.Image = 1, "old" }), ready, no, "ConfigurationRefused", "where they are older than the operator, set injection.image to that of the operator's version, or leave it out; restart the pods"},
		"not ready with wrong credentials":              {healthy(failing("CredentialsRefused")), ready, no, "CredentialsRefused", "refuses the user"},
		"not ready with wrong credentials behind an outage": {healthy(failing("DatabaseUnreachable"), func(f *facts) {
			f.sidecars.Errors = append(f.sidecars.Errors, sidecarstatus.Error{Reason: "CredentialsRefused", Sidecars: 1, Blocking: true})
		}), ready, no, "CredentialsRefused", "1 sidecar: "},
		"not ready while updates are refused":    {healthy(func(f *facts) { f.sidecars.Refusing = 1 }), ready, no, "UpdatesRefused", "1 sidecar takes"},
		"ready while pods are bare":              {healthy(bareOne), ready, yes, "Ready", "1 of 2"},
		"ready in an outage of the database":     {healthy(failing("DatabaseUnreachable")), ready, yes, "Ready", ""},
		"ready while the database is overloaded": {healthy(failing("DatabaseOverloaded")), ready, yes, "Ready", ""},
		"ready while the database is read-only":  {healthy(failing("DatabaseReadOnly")), ready, yes, "Ready", ""},
		"ready while it answers with errors":     {healthy(failing("DatabaseError")), ready, yes, "Ready", ""},
		"ready with a stale spool":               {healthy(stale), ready, yes, "Ready", ""},
		"ready while records are parked":         {healthy(func(f *facts) { f.sidecars.Records.Parked = 1 }), ready, yes, "Ready", ""},
		"ready with records in quarantine":       {healthy(quarantined), ready, yes, "Ready", ""},
		"ready while a sidecar starts":           {healthy(starting), ready, yes, "Ready", ""},
		"pods that are not created":              {healthy(withoutPods, quotaExceeded), injected, no, "PodsNotCreated", "nor those of 1 other workload"},
		"no sidecar to run":                      {healthy(withoutPods), sidecars, unknown, "NoSidecars", ""},
		"all sidecars run":                       {healthy(), sidecars, yes, "AllRunning", "2 sidecars run"},
		"one starts":                             {healthy(starting), sidecars, unknown, "Starting", "1 sidecar has not started yet"},
		"one starts for long": {healthy(starting, func(f *facts) { f.pods.late = waitingFor("ContainerCreating", "").Build() }),
			sidecars, unknown, "Starting", "that of pod lms-3 for more than 3m0s: ContainerCreating; kubectl -n campus describe pod lms-3"},
		"one does not run":                       {healthy(outOfMemory, starting), sidecars, no, "OutOfMemory", ""},
		"one knows too little":                   {healthy(oldSidecars), sidecars, no, "SettingsUnknown", "restart the pods: "},
		"its image is named by the policy":       {healthy(oldSidecars, func(f *facts) { f.policy.Spec.Injection.Image = "sidecar:0" }), sidecars, no, "SettingsUnknown", "injection.image"},
		"names that were no names":               {healthy(func(f *facts) { f.sidecars.Settings.Sidecars = 1 }), sidecars, no, "SettingsUnknown", "1 sidecar does not know some settings"},
		"no pods to inject":                      {healthy(withoutPods), injected, unknown, "NoPods", "no pod matches"},
		"all pods have opted out":                {healthy(withoutPods, func(f *facts) { f.pods.optedOut = 3 }), injected, unknown, "NoPods", "all 3 that match have opted out"},
		"all pods injected":                      {healthy(), injected, yes, "AllInjected", "2 of 2"},
		"a pod is bare":                          {healthy(bareOne), injected, no, "PodsWithoutSidecar", "1 of 2 pods have no sidecar"},
		"the message says how to restart it":     {healthy(bareOne), injected, no, "PodsWithoutSidecar", "delete and create pod lms-7 again"},
		"a pod is refused":                       {healthy(refusedOne), injected, no, "InjectionRefused", "it is odd"},
		"a refused pod counts more than a bare":  {healthy(bareOne, func(f *facts) { f.pods.matched, f.pods.refused = 3, 1 }), injected, no, "InjectionRefused", "1 of 3"},
		"an older policy has a pod":              {healthy(func(f *facts) { f.pods.conflicting, f.pods.conflict = 1, "older" }), injected, no, "PolicyConflict", "by policy older"},
		"an older policy has all pods":           {healthy(withoutPods, func(f *facts) { f.pods.conflicting, f.pods.conflict = 2, "older" }), injected, no, "PolicyConflict", "2 pods are"},
		"nobody to ask for the database":         {healthy(withoutPods), database, unknown, "NoSidecars", ""},
		"nobody answers":                         {healthy(func(f *facts) { f.sidecars = sidecarstatus.Summary{Asked: 2, Unreachable: 2} }), database, unknown, "SidecarsUnreachable", "NetworkPolicy"},
		"some answer":                            {healthy(func(f *facts) { f.sidecars.Answering, f.sidecars.Unreachable = 1, 1 }), database, yes, "Reachable", ""},
		"the database was not needed":            {healthy(func(f *facts) { f.sidecars.Tried = 0 }), database, unknown, "NotTried", ""},
		"the database works":                     {healthy(), database, yes, "Reachable", ""},
		"the Secret is missing":                  {healthy(failing("SecretMissing")), database, no, "SecretMissing", "Secret lms-db or its key uri does not exist in namespace campus"},
		"data was refused by a working database": {healthy(refusedData), database, yes, "Reachable", ""},
		"nothing is held":                        {healthy(withoutPods), synced, unknown, "NoSidecars", ""},
		"no sidecar has answered yet":            {healthy(func(f *facts) { f.sidecars = sidecarstatus.Summary{Asked: 2} }), synced, unknown, "NoSidecars", "has answered yet"},
		"records are written in time":            {healthy(), synced, yes, "UpToDate", ""},
		"records are in quarantine":              {healthy(quarantined), synced, no, "InQuarantine", "the database refused 3 records"},
		"and others are parked":                  {healthy(quarantined, parked), synced, no, "Parked", ""},
		"parked records go with their pods":      {healthy(parked), synced, no, "Parked", "is lost if the pod goes before that, and 2 pods have theirs there"},
		"parked records on a claim do not":       {healthy(parked, func(f *facts) { f.pods.ownVolumes = 0 }), synced, no, "Parked", "another pod finds them"},
		"sidecars refuse updates":                {healthy(func(f *facts) { f.sidecars.Refusing = 1 }), synced, no, "UpdatesRefused", "1 sidecar takes"},
		"a spool is stale":                       {healthy(stale), synced, no, "StaleSpool", "old copy"},
		"erasures that wait are mentioned":       {healthy(func(f *facts) { f.sidecars.Records.Erasures = 1 }), synced, yes, "UpToDate", "not erased from the database yet"},
		"within its interval and the slack":      {healthy(waiting(4*time.Minute + 30*time.Second)), synced, yes, "UpToDate", ""},
		"later than interval and slack":          {healthy(waiting(4*time.Minute + 31*time.Second)), synced, no, "Backlog", "3m0s"},
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

func refusedOne(f *facts) { f.pods.injected, f.pods.refused, f.pods.refusal = 1, 1, "it is odd" }

func unwritten(f *facts) {
	f.configMap = written{name: "progress-sync-lms", err: errors.New("exceeded quota: objects")}
}

func held(f *facts) {
	f.configMap = written{name: "progress-sync-lms", holder: "it is managed by Helm"}
}

func quotaExceeded(f *facts) {
	f.uncreated = []creation.Refusal{
		{Kind: "Deployment", Name: "lms", Said: "exceeded quota"}, {Kind: "Job", Name: "import", Said: "exceeded quota"},
	}
}

func outOfMemory(f *facts) {
	f.pods.failing, f.pods.ready = 1, 1
	f.pods.faults = faults{{fault{"OutOfMemory", "OOMKilled"}, 1, running("lms-3", "10.0.0.1").Build()}}
}

func starting(f *facts) { f.pods.ready-- }

func oldSidecars(f *facts) {
	f.sidecars.Settings = sidecarstatus.Settings{Sidecars: 2, Names: []string{"buffer.kind", "sync.jitter"}}
}

func stale(f *facts) {
	f.sidecars.Errors = []sidecarstatus.Error{{Reason: "StaleSpool", Sidecars: 1}}
}

func parked(f *facts) { f.sidecars.Records.Parked = 5 }

func quarantined(f *facts) { f.sidecars.Records.DeadLetters = 3 }

func refusedData(f *facts) {
	f.sidecars.Errors = []sidecarstatus.Error{{Reason: "DataRefused", Sidecars: 1}}
}

func waiting(d time.Duration) func(*facts) {
	return func(f *facts) {
		f.sidecars.Records.Oldest, f.sidecars.Records.OldestUntold = noon.Add(-d), noon.Add(-d)
	}
}

// What a GitOps tool waits for, and what a person sees first.
func TestHealthyAndWhatComesOfNotBeingReady(t *testing.T) {
	const stalled, reconciling = v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling
	unreachable := func(f *facts) { f.sidecars = sidecarstatus.Summary{Asked: 2, Unreachable: 2} }
	cases := map[string]struct {
		facts   *facts
		healthy metav1.ConditionStatus
		reason  string
		passing string // condition that is there only while it is True
	}{
		"all is well":                  {healthy(), metav1.ConditionTrue, "Healthy", ""},
		"before there are pods":        {healthy(withoutPods), metav1.ConditionTrue, "Healthy", ""},
		"nobody answers":               {healthy(unreachable), metav1.ConditionUnknown, "SidecarsUnreachable", ""},
		"bare pods":                    {healthy(bareOne), metav1.ConditionFalse, "PodsWithoutSidecar", ""},
		"an outage":                    {healthy(failing("DatabaseUnreachable"), parked), metav1.ConditionFalse, "DatabaseUnreachable", ""},
		"parked records":               {healthy(parked), metav1.ConditionFalse, "Parked", ""},
		"quarantine":                   {healthy(quarantined), metav1.ConditionFalse, "InQuarantine", ""},
		"a late record":                {healthy(waiting(time.Hour)), metav1.ConditionFalse, "Backlog", ""},
		"a stale spool":                {healthy(stale), metav1.ConditionFalse, "StaleSpool", ""},
		"a refused namespace":          {healthy(func(f *facts) { f.namespaceRefused = true }), metav1.ConditionFalse, "NamespaceRefused", stalled},
		"a bad selector":               {healthy(func(f *facts) { f.selectorError = errors.New("bad") }), metav1.ConditionFalse, "InvalidSelector", stalled},
		"too many policies":            {healthy(limited), metav1.ConditionFalse, "TooManyPolicies", stalled},
		"another's ConfigMap":          {healthy(held), metav1.ConditionFalse, "ConfigMapConflict", stalled},
		"a refused pod":                {healthy(refusedOne), metav1.ConditionFalse, "InjectionRefused", stalled},
		"an older policy":              {healthy(func(f *facts) { f.pods.conflicting, f.pods.conflict = 1, "older" }), metav1.ConditionFalse, "PolicyConflict", stalled},
		"a ConfigMap that was refused": {healthy(unwritten), metav1.ConditionFalse, "ConfigMapNotWritten", reconciling},
		"no webhook yet":               {healthy(func(f *facts) { f.installed = false }), metav1.ConditionFalse, "WebhookPending", reconciling},
		"pods that are not created":    {healthy(quotaExceeded), metav1.ConditionFalse, "PodsNotCreated", reconciling},
		"a missing Secret":             {healthy(failing("SecretMissing"), parked), metav1.ConditionFalse, "SecretMissing", reconciling},
		"a sidecar out of memory":      {healthy(outOfMemory), metav1.ConditionFalse, "OutOfMemory", reconciling},
		"a proxy that ends too early":  {healthy(func(f *facts) { f.proxyEndsFirst = 1 }), metav1.ConditionFalse, "ProxyEndsFirst", ""},
		"updates are refused":          {healthy(func(f *facts) { f.sidecars.Refusing = 1 }), metav1.ConditionFalse, "UpdatesRefused", reconciling},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := conditions(c.facts)
			if h := meta.FindStatusCondition(got, v1alpha1.ConditionHealthy); h.Status != c.healthy || h.Reason != c.reason || h.Message == "" {
				t.Errorf("Healthy is %s (%s): %s", h.Status, h.Reason, h.Message)
			}
			if ready := meta.IsStatusConditionTrue(got, v1alpha1.ConditionReady); ready != (c.passing == "") {
				t.Errorf("Ready is %t", ready)
			}
			for _, kind := range []string{stalled, reconciling} {
				p := meta.FindStatusCondition(got, kind)
				if (p != nil) != (kind == c.passing) || (p != nil && (p.Status != metav1.ConditionTrue || p.Reason != c.reason)) {
					t.Errorf("%s: %+v", kind, p)
				}
			}
		})
	}
}

func TestStalledAndReconcilingGoWhenTheyAreOver(t *testing.T) {
	f := healthy(unwritten)
	for _, change := range []func(*facts){func(*facts) {}, held, func(f *facts) { f.configMap = written{} }} {
		change(f)
		f.policy.Status = status(f, v1alpha1.UnsavedStatus{})
	}
	if got := len(f.policy.Status.Conditions); got != 8 {
		t.Errorf("%d conditions: %+v", got, f.policy.Status.Conditions)
	}
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
	first := status(f, v1alpha1.UnsavedStatus{})
	f.policy.Status = first

	f.now = noon.Add(10 * time.Second)
	f.sidecars.Records.Oldest = f.sidecars.Records.Oldest.Add(-700 * time.Millisecond) // an age is not that exact
	second := status(f, v1alpha1.UnsavedStatus{})
	if !sameStatus(first, second) {
		t.Errorf("nothing happened, and the status changed:\n%s", cmp.Diff(first, second))
	}
}

func TestATransitionKeepsItsTime(t *testing.T) {
	f := healthy()
	f.policy.Status = status(f, v1alpha1.UnsavedStatus{})
	f.now = noon.Add(time.Minute)
	failing("SecretMissing")(f)
	f.policy.Status = status(f, v1alpha1.UnsavedStatus{})
	turned := meta.FindStatusCondition(f.policy.Status.Conditions, v1alpha1.ConditionDatabaseReachable).LastTransitionTime
	if !turned.Time.Equal(noon.Add(time.Minute)) {
		t.Errorf("turned at %s", turned)
	}
	f.now = noon.Add(time.Hour)
	failing("CredentialsRefused")(f)
	after := meta.FindStatusCondition(status(f, v1alpha1.UnsavedStatus{}).Conditions, v1alpha1.ConditionDatabaseReachable)
	if !after.LastTransitionTime.Equal(&turned) || after.Reason != "CredentialsRefused" {
		t.Errorf("another reason moved the time to %s (%s)", after.LastTransitionTime, after.Reason)
	}
}

func TestTheLastSyncStaysKnownWhenItsPodIsGone(t *testing.T) {
	f := healthy()
	f.policy.Status = status(f, v1alpha1.UnsavedStatus{})
	withoutPods(f)
	if got := status(f, v1alpha1.UnsavedStatus{}).LastSyncTime; got == nil || !got.Time.Equal(noon.Add(-time.Minute)) {
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
		"a sidecar that does not run":           {healthy(), healthy(outOfMemory), []string{"OutOfMemory"}},
		"a ConfigMap that was refused":          {healthy(), healthy(unwritten), []string{"ConfigMapNotWritten"}},
		"another's ConfigMap":                   {nil, healthy(withoutPods, held), []string{"ConfigMapConflict"}},
		"pods that are not created":             {nil, healthy(withoutPods, quotaExceeded), []string{"PodsNotCreated"}},
		"records in quarantine":                 {healthy(), healthy(quarantined), []string{"InQuarantine"}},
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

func limited(f *facts) {
	f.limit = &webhookconfig.Limit{Namespace: f.policy.Namespace, Policies: 101, Kept: 100}
}
