package webhookconfig

import (
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// TestNothingIsAppliedWithout covers what envtest cannot show: there, taking
// away the ClusterRole takes away the operator's rights as well.
func TestNothingIsAppliedWithout(t *testing.T) {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "progress-sync", Name: "cert"},
		Data:       map[string][]byte{"tls.crt": []byte("x"), "tls.key": []byte("x"), "ca.crt": []byte("x")},
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "manager-role", UID: "uid"}}
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
			scheme := runtime.NewScheme()
			for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
				if err := add(scheme); err != nil {
					t.Fatal(err)
				}
			}
			objects := append([]client.Object{fixture.NewPolicy("campus", "lms").Build()}, c.objects...)
			cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
			r := &Reconciler{
				Client: cluster, Live: cluster, Server: server, ClusterRole: "manager-role",
				Secret: types.NamespacedName{Namespace: "progress-sync", Name: "cert"},
			}
			_, err := r.Reconcile(t.Context(), ctrl.Request{})
			if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			err = cluster.Get(t.Context(), client.ObjectKey{Name: Name}, &admissionv1.MutatingWebhookConfiguration{})
			if c.applied != (err == nil) || !c.applied && !apierrors.IsNotFound(err) {
				t.Errorf("configuration: %v", err)
			}
		})
	}
}
