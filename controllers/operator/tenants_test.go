//go:build envtest

package operator_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// policiesInAll of the test with many tenants, ten a namespace, and a fifth as
// many in one namespace more: -policies=5000 shows what one operator carries,
// in some minutes.
var policiesInAll = flag.Int("policies", 500, "policies of the test with many tenants")

const (
	tenantPolicies  = 10
	tenantsPatience = 5 * time.Minute
)

// many calls at once, up to an error.
func many(t *testing.T, n int, call func(i int) error) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error { return call(i) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// took waits for what must come true among many, and logs how long that took.
func took(t *testing.T, what string, condition func() error) {
	t.Helper()
	begin := time.Now()
	const pause = 250 * time.Millisecond // the questions are costly
	if err := wait.Every(t.Context(), pause, tenantsPatience, what, func(context.Context) error { return condition() }); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %.1f s", what, time.Since(begin).Seconds())
}

// entries of the policies in these namespaces, with this bundle or any if nil.
func entries(t *testing.T, namespaces map[string]bool, bundle []byte) int {
	t.Helper()
	n := 0
	for _, configuration := range configurations(t) {
		for i := range configuration.Webhooks {
			e := &configuration.Webhooks[i]
			if namespaces[e.NamespaceSelector.MatchLabels[corev1.LabelMetadataName]] && (bundle == nil || bytes.Equal(e.ClientConfig.CABundle, bundle)) {
				n++
			}
		}
	}
	return n
}

// readyFor counts the policies of these namespaces by the reason of Ready.
func readyFor(t *testing.T, namespaces map[string]bool) map[string]int {
	t.Helper()
	var list v1alpha1.ProgressSyncPolicyList
	if err := admin.List(context.Background(), &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for i := range list.Items {
		if !namespaces[list.Items[i].Namespace] {
			continue
		}
		reason := "none yet"
		if c := meta.FindStatusCondition(list.Items[i].Status.Conditions, v1alpha1.ConditionReady); c != nil {
			reason = c.Reason
		}
		out[reason]++
	}
	return out
}

func certificateSecret(t *testing.T) *corev1.Secret {
	t.Helper()
	var secret corev1.Secret
	if err := admin.Get(context.Background(), client.ObjectKey{Namespace: operatorNamespace, Name: certSecret}, &secret); err != nil {
		t.Fatal(err)
	}
	return &secret
}

// With one configuration for all, a cluster came to an end at some hundred
// policies: the API server refused it, and nobody's pods were injected any more.
func TestManyTenantsAreServedAndOneOfThemHarmsNobody(t *testing.T) {
	fast := rest.CopyConfig(adminConfig)
	fast.QPS = -1
	writer, err := client.New(fast, client.Options{Scheme: admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	tenants, crowd := *policiesInAll/tenantPolicies, max(*policiesInAll/5, 110)
	names := make([]string, tenants+1)
	namespaces := map[string]bool{}
	for i := range names {
		names[i] = fmt.Sprintf("tenant-%04d", i)
		namespaces[names[i]] = i < tenants
	}
	crowded := names[tenants]
	many(t, len(names), func(i int) error { return writer.Create(t.Context(), namespaceOf(names[i])) })
	t.Cleanup(func() {
		many(t, len(names), func(i int) error {
			return writer.DeleteAllOf(context.Background(), &v1alpha1.ProgressSyncPolicy{}, client.InNamespace(names[i]))
		})
		kit.Eventually(t, "the entries go", func() error { n := entries(t, namespaces, nil); return kit.Unless(n == 0, n) })
	})

	before := generations(t)
	begin := time.Now()
	many(t, crowd+tenants*tenantPolicies, func(i int) error {
		namespace := crowded
		if i >= crowd {
			namespace = names[(i-crowd)%tenants]
		}
		return writer.Create(t.Context(), fixture.NewPolicy(namespace, fmt.Sprintf("lms-%04d", i)).Selects("app", fmt.Sprintf("lms-%d", i)).ForAPIServer())
	})
	t.Logf("%d policies in %d namespaces, and %d in one more, were created in %.1f s", tenants*tenantPolicies, tenants, crowd, time.Since(begin).Seconds())
	took(t, "every tenant's policies are installed", func() error {
		n := entries(t, namespaces, nil)
		return kit.Unless(n == tenants*tenantPolicies, n)
	})
	t.Logf("the configurations were written %d times", generations(t)-before)
	took(t, "every tenant's policies are Ready", func() error {
		reasons := readyFor(t, namespaces)
		return kit.Unless(reasons[v1alpha1.ReasonReady] == tenants*tenantPolicies, reasons)
	})
	took(t, "of the crowd the oldest hundred are, and the others say why not", func() error {
		reasons := readyFor(t, map[string]bool{crowded: true})
		return kit.Unless(reasons[v1alpha1.ReasonReady] == 100 && reasons[v1alpha1.ReasonTooManyPolicies] == crowd-100, reasons)
	})

	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("two replicas and this test hold %d MiB", memory.HeapAlloc>>20)

	// Without its key the CA can issue nothing more and is replaced; it stays
	// trusted beside the one that comes.
	secret := certificateSecret(t)
	old := secret.Data["ca.crt"]
	delete(secret.Data, "ca.key")
	if err := admin.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	var bundle []byte
	kit.Eventually(t, "the CA is replaced", func() error {
		bundle = certificateSecret(t).Data["ca.crt"]
		return kit.Unless(bytes.Count(bundle, []byte("BEGIN")) == 2 && bytes.HasSuffix(bundle, old), string(bundle))
	})
	took(t, "every entry has both CAs", func() error {
		n := entries(t, namespaces, bundle)
		return kit.Unless(n == tenants*tenantPolicies, n)
	})
	took(t, "every tenant's policies are Ready again", func() error {
		reasons := readyFor(t, namespaces)
		return kit.Unless(reasons[v1alpha1.ReasonReady] == tenants*tenantPolicies, reasons)
	})
	for i := crowd; i < crowd+tenants*tenantPolicies; i += max(tenants*tenantPolicies/50, 1) {
		account := &corev1.ServiceAccount{ObjectMeta: objectMeta(names[(i-crowd)%tenants], "default")}
		if err := writer.Create(t.Context(), account); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
		pod := restricted(names[(i-crowd)%tenants], "lms-0", fmt.Sprintf("lms-%d", i)).With(func(p *corev1.Pod) { p.Name, p.GenerateName = "", "lms-" }).Build()
		if err := writer.Create(t.Context(), pod); err != nil {
			t.Fatal(err)
		}
		if !injection.HasSidecar(pod) {
			t.Errorf("a pod of %s was not injected", pod.Namespace)
		}
	}
}

// generations of all configurations: how often they were written.
func generations(t *testing.T) int64 {
	t.Helper()
	var sum int64
	for _, configuration := range configurations(t) {
		sum += configuration.Generation
	}
	return sum
}

func namespaceOf(name string) *corev1.Namespace {
	object := &corev1.Namespace{}
	object.Name = name
	return object
}
