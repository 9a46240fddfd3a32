package injection

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
)

func TestWhatARefusalIsRelatedTo(t *testing.T) {
	owned := lmsPod().With(func(p *corev1.Pod) {
		p.Name, p.GenerateName = "", "lms-5d4f-"
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "lms-5d4f", UID: "1", Controller: ptr.To(true)}}
	}).Build()
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want runtime.Object
	}{
		"the pod":                        {lmsPod().Build(), &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "campus", Name: "lms-0", UID: "uid-of-lms-0"}},
		"its controller, without a name": {owned, &corev1.ObjectReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: "campus", Name: "lms-5d4f", UID: "1"}},
		"nothing, without either":        {lmsPod().With(func(p *corev1.Pod) { p.Name = "" }).Build(), nil},
	} {
		if diff := cmp.Diff(c.want, related(c.pod, "campus")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
