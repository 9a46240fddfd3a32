package injection

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// policiesOnly is a cache that has nothing but policies.
type policiesOnly struct{ client.Reader }

func (r policiesOnly) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if _, ok := object.(*v1alpha1.ProgressSyncPolicy); !ok {
		return errors.New("forbidden")
	}
	return r.Reader.Get(ctx, key, object, options...)
}

func (r policiesOnly) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if _, ok := list.(*v1alpha1.ProgressSyncPolicyList); !ok {
		return errors.New("forbidden")
	}
	return r.Reader.List(ctx, list, options...)
}

func TestWhatCannotBeReadKeepsNoPodFromItsSidecar(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	w.handler.Cached, w.handler.Live = policiesOnly{w.handler.Cached}, policiesOnly{w.handler.Live}
	pod := lmsPod().With(func(p *corev1.Pod) { p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{fromConfigMap("env", "")} })
	before := raw(t, pod)
	var got corev1.Pod
	if err := json.Unmarshal(patched(t, before, w.ask("campus", "lms", before, false)), &got); err != nil {
		t.Fatal(err)
	}
	if !HasSidecar(&got) || *got.Spec.InitContainers[0].SecurityContext.RunAsUser != userID || urlIn(got.Spec.Containers[0]) == "" {
		t.Errorf("%+v", got.Spec)
	}
}

func TestTheHandlerReadsThePodsNamespace(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	minimum := containers(corev1.LimitRangeItem{Min: list("cpu", "300m")})
	minimum.Namespace, minimum.Name = "campus", "minimum"
	elsewhere := containers(corev1.LimitRangeItem{Min: list("cpu", "2")})
	elsewhere.Namespace, elsewhere.Name = "academy", "minimum"
	campus := &corev1.Namespace{}
	campus.Name, campus.Annotations = "campus", map[string]string{AnnotationUserRange: "1000920000/10000"}
	environment := &corev1.ConfigMap{Data: map[string]string{URLVariable: "http://127.0.0.1:1"}}
	environment.Namespace, environment.Name = "campus", "env"
	objects := fake.NewClientBuilder().WithScheme(w.handler.Cached.(client.Client).Scheme()).
		WithObjects(lmsPolicy().Build(), &minimum, &elsewhere, campus, environment).Build()
	w.handler.Cached, w.handler.Live = objects, objects

	before := raw(t, lmsPod().With(func(p *corev1.Pod) { p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{fromConfigMap("env", "")} }))
	var got corev1.Pod
	if err := json.Unmarshal(patched(t, before, w.ask("campus", "lms", before, false)), &got); err != nil {
		t.Fatal(err)
	}
	sidecar := got.Spec.InitContainers[0]
	if cpu := sidecar.Resources.Requests[corev1.ResourceCPU]; sidecar.SecurityContext.RunAsUser != nil || cpu.String() != "300m" || urlIn(got.Spec.Containers[0]) != "" {
		t.Errorf("user %v, cpu %s, app %+v", sidecar.SecurityContext.RunAsUser, cpu.String(), got.Spec.Containers[0])
	}
}
