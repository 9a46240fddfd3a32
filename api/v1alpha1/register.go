package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind of the policy.
const Kind = "ProgressSyncPolicy"

// GroupVersion of this package's types.
var GroupVersion = schema.GroupVersion{Group: "progresssync.dev", Version: "v1alpha1"}

// AddToScheme makes the types known to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &ProgressSyncPolicy{}, &ProgressSyncPolicyList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
