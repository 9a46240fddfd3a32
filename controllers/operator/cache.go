package operator

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
)

// onlyUserRange leaves of a namespace's metadata what the webhook reads. It is
// a cache transform.
func onlyUserRange(object any) (any, error) {
	namespace, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	out := &metav1.PartialObjectMetadata{TypeMeta: namespace.TypeMeta}
	out.Name, out.UID, out.ResourceVersion = namespace.Name, namespace.UID, namespace.ResourceVersion
	if ids, ok := namespace.Annotations[injection.AnnotationUserRange]; ok {
		out.Annotations = map[string]string{injection.AnnotationUserRange: ids}
	}
	return out, nil
}

// onlyStorage leaves of a node what the webhook reads. It is a cache
// transform.
func onlyStorage(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	out := &corev1.Node{TypeMeta: node.TypeMeta}
	out.Name, out.UID, out.ResourceVersion = node.Name, node.UID, node.ResourceVersion
	if storage, ok := node.Status.Allocatable[corev1.ResourceEphemeralStorage]; ok {
		out.Status.Allocatable = corev1.ResourceList{corev1.ResourceEphemeralStorage: storage}
	}
	return out, nil
}

// watchForWebhook what the webhook reads on every replica, leader or not, so that
// it is in the cache before the first pod comes.
func watchForWebhook(ctx context.Context, mgr ctrl.Manager) error {
	namespaces := &metav1.PartialObjectMetadata{}
	namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	for _, object := range []client.Object{&v1alpha1.ProgressSyncPolicy{}, &corev1.LimitRange{}, &corev1.Node{}, namespaces} {
		if _, err := mgr.GetCache().GetInformer(ctx, object); err != nil {
			return fmt.Errorf("watching what the webhook reads, %T (is the CRD installed?): %w", object, err)
		}
	}
	return nil
}
