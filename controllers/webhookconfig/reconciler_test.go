package webhookconfig

import (
	"errors"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var (
	secretKey = types.NamespacedName{Namespace: "progress-sync", Name: "cert"}
	secret    = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: secretKey.Namespace, Name: secretKey.Name},
		Data:       map[string][]byte{"tls.crt": []byte("x"), "tls.key": []byte("x"), "ca.crt": []byte("x")},
	}
	role = &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "manager-role", UID: "uid"}}
)

// cluster with these objects, whose policies are indexed as the operator's
// cache has them.
func cluster(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&v1alpha1.ProgressSyncPolicy{}, indexByName, func(o client.Object) []string { return []string{NameFor(o.GetNamespace())} }).
		Build()
}

func reconciler(cluster client.Client) *Reconciler {
	return &Reconciler{
		Reader: Reader{Client: cluster, Server: server, Secret: secretKey}, Writer: cluster, Live: cluster,
		ClusterRole: role.Name, Now: time.Now,
	}
}

func run(t *testing.T, r *Reconciler, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := r.Reconcile(t.Context(), requestFor(name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNothingIsAppliedWithout covers what envtest cannot show: there, taking
// away the ClusterRole takes away the operator's rights as well.
func TestNothingIsAppliedWithout(t *testing.T) {
	cases := map[string]struct {
		objects []client.Object
		applied bool
		says    string
	}{
		"a ClusterRole to own it":      {[]client.Object{secret}, false, "--cluster-role"},
		"a certificate":                {[]client.Object{role}, false, ""},
		"a certificate in the Secret":  {[]client.Object{role, &corev1.Secret{ObjectMeta: secret.ObjectMeta}}, false, ""},
		"anything, but both are there": {[]client.Object{role, secret}, true, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cluster := cluster(t, append([]client.Object{fixture.NewPolicy("campus", "lms").Build()}, c.objects...)...)
			_, err := reconciler(cluster).Reconcile(t.Context(), requestFor(NameFor("campus")))
			if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			err = cluster.Get(t.Context(), client.ObjectKey{Name: NameFor("campus")}, &admissionv1.MutatingWebhookConfiguration{})
			if c.applied != (err == nil) || !c.applied && !apierrors.IsNotFound(err) {
				t.Errorf("configuration: %v", err)
			}
		})
	}
}

func TestAConfigurationHasThePoliciesOfItsNamespacesOnly(t *testing.T) {
	cluster := cluster(t, role, secret, fixture.NewPolicy("campus", "lms").Build(), fixture.NewPolicy("academy", "lms").Build())
	run(t, reconciler(cluster), Names()...)
	for _, namespace := range []string{"campus", "academy"} {
		var got admissionv1.MutatingWebhookConfiguration
		if err := cluster.Get(t.Context(), client.ObjectKey{Name: NameFor(namespace)}, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Webhooks) != 1 || got.Webhooks[0].Name != "lms."+namespace+".pods.progresssync.dev" {
			t.Errorf("entries of %s: %+v", got.Name, got.Webhooks)
		}
	}
}

func TestAConfigurationThatIsAsItShouldBeIsNotWrittenAgain(t *testing.T) {
	name := NameFor("campus")
	cluster := cluster(t, role, secret, fixture.NewPolicy("campus", "lms").Build())
	version := func() string {
		var object admissionv1.MutatingWebhookConfiguration
		if err := cluster.Get(t.Context(), client.ObjectKey{Name: name}, &object); err != nil {
			t.Fatal(err)
		}
		return object.ResourceVersion
	}
	run(t, reconciler(cluster), name)
	before := version()
	run(t, reconciler(cluster), name)
	if after := version(); before != after {
		t.Errorf("version %s became %s", before, after)
	}
}

func TestTheConfigurationOfAnOlderVersionGoesOnceAllOthersAreThere(t *testing.T) {
	legacy := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: legacyName, Labels: ownLabels()}}
	cluster := cluster(t, role, secret, legacy)
	r := reconciler(cluster)
	there := func() bool {
		return cluster.Get(t.Context(), client.ObjectKeyFromObject(legacy), &admissionv1.MutatingWebhookConfiguration{}) == nil
	}
	run(t, r, append(Names()[:count-1], legacyName)...)
	if !there() {
		t.Error("it went before the last of the others was there: its namespaces' pods stay bare")
	}
	run(t, r, Names()[count-1], legacyName)
	if there() {
		t.Error("it stays for ever")
	}
}

func TestWhatTheAPIServerWasToldOfAPolicy(t *testing.T) {
	policy := fixture.NewPolicy("campus", "lms").Build()
	for name, c := range map[string]struct {
		prepare   func(*testing.T, client.Client)
		installed bool
	}{
		"nothing yet": {func(*testing.T, client.Client) {}, false},
		"all of it":   {func(t *testing.T, c client.Client) { run(t, reconciler(c), NameFor("campus")) }, true},
		"an older CA": {func(t *testing.T, c client.Client) {
			run(t, reconciler(c), NameFor("campus"))
			rotated := secret.DeepCopy()
			rotated.Data["ca.crt"] = []byte("another")
			if err := c.Update(t.Context(), rotated); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := cluster(t, role, secret.DeepCopy(), policy)
			c.prepare(t, cluster)
			state, err := reconciler(cluster).Of(t.Context(), policy)
			if err != nil || state.Limit != nil || state.Installed != c.installed {
				t.Errorf("%+v, %v; want installed %t", state, err, c.installed)
			}
		})
	}
}

func TestAPolicyBeyondTheLimitIsToldSoAtOnce(t *testing.T) {
	var objects []client.Object
	for _, policy := range several("campus", maxPolicies+1) {
		objects = append(objects, &policy)
	}
	cluster := cluster(t, append(objects, role, secret)...)
	for i, limited := range map[int]bool{0: false, maxPolicies: true} {
		state, err := reconciler(cluster).Of(t.Context(), objects[i].(*v1alpha1.ProgressSyncPolicy))
		if err != nil || (state.Limit != nil) != limited {
			t.Errorf("policy %d: %+v, %v; want limited %t", i, state, err, limited)
		}
	}
}
