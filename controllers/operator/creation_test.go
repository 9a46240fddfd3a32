//go:build envtest

package operator_test

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// replicaSet of a Deployment whose controller, which is not there, could not
// create a pod.
func replicaSet(t *testing.T, namespace, app string) *appsv1.ReplicaSet {
	t.Helper()
	pod := restricted(namespace, app, app).Build()
	object := &appsv1.ReplicaSet{ObjectMeta: objectMeta(namespace, app+"-5d4f"), Spec: appsv1.ReplicaSetSpec{
		Replicas: ptr.To[int32](2),
		Selector: &metav1.LabelSelector{MatchLabels: pod.Labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec},
	}}
	object.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: app, UID: "d", Controller: ptr.To(true)}}
	create(t, object)
	object.Status.Conditions = []appsv1.ReplicaSetCondition{{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate"}}
	if err := admin.Status().Update(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	create(t, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: namespace, GenerateName: object.Name + "."},
		InvolvedObject: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: namespace, Name: object.Name, UID: object.UID},
		Type:           corev1.EventTypeWarning, Reason: "FailedCreate", Source: corev1.EventSource{Component: "replicaset-controller"},
		Message:        `Error creating: pods "lms-5d4f-x1" is forbidden: failed quota: campus: must specify limits.cpu for: progress-sync`,
		FirstTimestamp: metav1.NewTime(time.Now()), LastTimestamp: metav1.NewTime(time.Now()), Count: 3,
	})
	return object
}

// A Deployment of which no pod can be created has none to count, and must not
// read as ready.
func TestPodsThatAreNotCreatedShowOnThePolicyThatSelectsThem(t *testing.T) {
	ns := namespace(t)
	other := installed(t, fixture.NewPolicy(ns, "exams"))
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	object := replicaSet(t, ns, "lms")
	got := notReady(t, policy, v1alpha1.ReasonPodsNotCreated, "Deployment lms", "must specify limits.cpu for: progress-sync")
	if got.Status.Sidecars.Matched != 0 {
		t.Errorf("sidecars: %+v", got.Status.Sidecars)
	}
	event(t, policy, v1alpha1.ReasonPodsNotCreated)
	ready(t, other, "its pods are others")

	object.Status.Conditions, object.Status.Replicas = nil, 2
	if err := admin.Status().Update(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	ready(t, policy, "the pods are there")
}
